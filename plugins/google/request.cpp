#include "request.hpp"

#include "contents.hpp"
#include "generation.hpp"
#include "model.hpp"
#include "raw_json.hpp"
#include "tools.hpp"
#include "writer.hpp"

namespace freellmapi::google {

void write_request(const sdk::Call& call, sdk::RequestOut& out) {
  const bool stream = call.streams();
  out.target("POST", model_path(call.model(), stream ? "streamGenerateContent?alt=sse" : "generateContent"));
  out.header("content-type", "application/json");
  out.header("accept", stream ? "text/event-stream" : "application/json");
  out.credential("x-goog-api-key", "");

  // The shape before `tools`; to leave it out would be to answer another question.
  if (call.find("functions") || call.find("function_call")) throw sdk::Failure{FREELLM_E_INVALID};
  const ModelTraits traits = traits_of(call.model());
  const auto messages = call.find("messages");
  const auto repaired = call.find(unsigned_messages);
  Writer writer(out);
  writer.put("{");
  Commas members(writer);
  write_conversation(Raw(messages ? *messages : repaired.value_or("")), traits,
                     messages ? Signatures::keep : Signatures::replace, members);
  const bool tools = write_tools(call, members);
  write_generation_config(call, traits, tools, members);
  writer.put("}");
  writer.flush();
  if (call.max_output_tokens() > 0) out.output_bound(call.max_output_tokens());
}

std::vector<std::pair<std::string, std::string>> renamed_functions(const sdk::Call& call) {
  std::vector<std::pair<std::string, std::string>> renamed;
  Raw(call.find("tools").value_or("")).each([&](Raw tool) {
    const Raw name = tool.at("function").at("name");
    if (!name.is_string()) return;
    std::string given = name.unescaped();
    std::string sent = wire_name(given);
    if (sent != given) renamed.emplace_back(std::move(sent), std::move(given));
  });
  return renamed;
}

}  // namespace freellmapi::google
