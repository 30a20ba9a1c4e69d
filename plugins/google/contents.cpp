#include "contents.hpp"

#include <cstddef>
#include <freellmapi/json.hpp>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media.hpp"

namespace freellmapi::google {
namespace {

// Google's documented stand-in for a signature that was lost on the way.
constexpr std::string_view bypass = "skip_thought_signature_validator";

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

struct Message {
  Raw role, content, tool_calls, tool_call_id;
};

Message read_message(const Raw& raw) {
  Message m;
  raw.each_member([&](Raw name, Raw value) {
    if (name.equals("role")) m.role = value;
    if (name.equals("content")) m.content = value;
    if (name.equals("tool_calls")) m.tool_calls = value;
    if (name.equals("tool_call_id")) m.tool_call_id = value;
    if (name.equals("function_call") && !value.absent()) refuse();  // the shape before tool_calls has no ids
  });
  return m;
}

bool is_system(const Message& m) { return m.role.equals("system") || m.role.equals("developer"); }

/// Results by call: an id may be used again in a later turn, so a result belongs to the latest call before
/// it.
class Results {
 public:
  explicit Results(const std::vector<Message>& messages) {
    for (const Message& m : messages) {
      if (m.role.equals("assistant")) {
        m.tool_calls.each([&](Raw call) {
          latest_[call.at("id").unescaped()] = contents_.size();
          contents_.emplace_back();
        });
      } else if (m.role.equals("tool")) {
        const auto call = latest_.find(m.tool_call_id.unescaped());
        if (call == latest_.end()) refuse();
        contents_[call->second] = m.content;
      }
    }
  }
  /// Of the n-th call of the conversation; an absent value when none came.
  const Raw& of(std::size_t n) const { return contents_.at(n); }

 private:
  std::unordered_map<std::string, std::size_t> latest_;
  std::vector<Raw> contents_;
};

class ContentsWriter {
 public:
  ContentsWriter(Writer& writer, const ModelTraits& traits, Signatures signatures)
      : writer_(writer), traits_(traits), signatures_(signatures) {}

  /// Begins a part of `role`; the caller writes the part.
  void part(std::string_view role) {
    if (role == role_) {
      writer_.put(",");
      return;
    }
    if (role_.empty() && role == "model") {
      // A conversation has to begin with the user; a blank is the least that can be said.
      writer_.put("{\"role\":\"user\",\"parts\":[{\"text\":\" \"}]},");
    } else if (!role_.empty()) {
      writer_.put("]},");
    }
    role_ = role;
    writer_.put("{\"role\":\"");
    writer_.put(role);
    writer_.put("\",\"parts\":[");
  }
  void text(std::string_view role, std::string_view inner) {
    if (inner.empty()) return;
    part(role);
    writer_.put("{\"text\":\"");
    writer_.put(inner);
    writer_.put("\"}");
  }
  void content(std::string_view role, const Raw& content) {
    if (content.is_string()) text(role, content.inner());
    content.each([&](Raw one) {
      if (one.is_string()) return text(role, one.inner());
      const Raw type = one.at("type");
      if (type.absent() || type.equals("text") || type.equals("input_text")) {
        text(role, one.at("text").inner());
      } else if (type.equals("refusal")) {
        text(role, one.at("refusal").inner());
      } else {
        media(role, type.unescaped(), one);
      }
    });
  }
  void calls(const Raw& tool_calls, const Results& results) {
    const std::size_t first = calls_seen_;
    tool_calls.each([&](Raw call) { function_call(call, calls_seen_++ == first); });
    std::size_t n = first;
    std::vector<Raw> images;
    tool_calls.each([&](Raw call) { function_response(call, results.of(n++), images); });
    for (const Raw& image : images) media("user", image.at("type").unescaped(), image);
  }
  /// Closes; false when nothing was written.
  bool end() {
    if (role_.empty()) return false;
    writer_.put("]}");
    return true;
  }

 private:
  void media(std::string_view role, std::string_view type, const Raw& one) {
    part(role);
    if (!write_media(type, one, writer_)) refuse();
  }

  void function_call(const Raw& call, bool first_of_group) {
    const Raw function = call.at("function");
    if (!function.is_object()) refuse();
    part("model");
    writer_.put("{\"functionCall\":{\"id\":");
    writer_.put(call.at("id").text());
    writer_.put(",\"name\":");
    writer_.put_string(wire_name(function.at("name").unescaped()));
    writer_.put(",\"args\":");
    const Raw arguments = function.at("arguments");
    object_of(arguments, arguments.text(), "value");
    writer_.put("}");
    signature(call, first_of_group);
    writer_.put("}");
  }

  void signature(const Raw& call, bool first_of_group) {
    Raw kept;
    if (signatures_ == Signatures::keep) {
      kept = call.at("extra_content").at("google").at("thought_signature");
      if (!kept.is_string()) kept = call.at("thought_signature");
    }
    if (kept.is_string() && !kept.inner().empty()) {
      writer_.put(",\"thoughtSignature\":");
      writer_.put(kept.text());
    } else if (signatures_ == Signatures::replace || (traits_.signs && first_of_group)) {
      writer_.put(",\"thoughtSignature\":");
      writer_.put_string(bypass);
    }
  }

  void function_response(const Raw& call, const Raw& result, std::vector<Raw>& images) {
    part("user");
    writer_.put("{\"functionResponse\":{\"id\":");
    writer_.put(call.at("id").text());
    writer_.put(",\"name\":");
    writer_.put_string(wire_name(call.at("function").at("name").unescaped()));
    writer_.put(",\"response\":");
    if (result.text().empty()) {
      // Every call needs a response, and "error" is the key Gemini knows for one that has none.
      writer_.put("{\"error\":\"no result was given\"}");
    } else if (result.is_array()) {
      std::string joined = "\"";
      result.each([&](Raw one) {
        const Raw type = one.at("type");
        if (type.absent() || type.equals("text")) {
          joined += one.at("text").inner();
        } else {
          images.push_back(one);
        }
      });
      joined += '"';
      object_of(Raw(joined), joined, "output");
    } else {
      object_of(result, result.text(), "output");
    }
    writer_.put("}}");
  }

  // A JSON string that holds an object is written as that object; anything else is wrapped under `key`.
  void object_of(const Raw& string, std::string_view text, std::string_view key) {
    std::string_view inner = string.is_string() ? string.inner() : std::string_view{};
    while (inner.starts_with(' ') || inner.starts_with("\\n") || inner.starts_with("\\t") ||
           inner.starts_with("\\r"))
      inner.remove_prefix(inner[0] == ' ' ? 1 : 2);
    if (inner.starts_with('{')) {
      const std::string plain = string.unescaped();
      if (const auto parsed = sdk::parse_json(plain); parsed && parsed->is_object())
        return writer_.put(sdk::repair_json(plain));
    }
    if (inner.empty() && key == "value") return writer_.put("{}");
    writer_.put("{\"");
    writer_.put(key);
    writer_.put("\":");
    // Arguments that are an array or a number are that, not a text of it.
    const std::string plain = key == "value" && string.is_string() ? string.unescaped() : std::string();
    if (!plain.empty() && sdk::parse_json(plain)) {
      writer_.put(sdk::repair_json(plain));
    } else {
      writer_.put(text.empty() ? std::string_view("\"\"") : text);
    }
    writer_.put("}");
  }

  Writer& writer_;
  const ModelTraits& traits_;
  Signatures signatures_;
  std::string_view role_;
  std::size_t calls_seen_ = 0;
};

// The texts of all system and developer messages, still escaped.
std::vector<std::string_view> system_texts(const std::vector<Message>& messages) {
  std::vector<std::string_view> texts;
  for (const Message& m : messages) {
    if (!is_system(m)) continue;
    if (m.content.is_string() && !m.content.inner().empty()) texts.push_back(m.content.inner());
    m.content.each([&](Raw one) {
      const Raw text = one.is_string() ? one : one.at("text");
      if (!text.is_string()) refuse();
      if (!text.inner().empty()) texts.push_back(text.inner());
    });
  }
  return texts;
}

void write_joined(const std::vector<std::string_view>& texts, Writer& writer) {
  writer.put("{\"text\":\"");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) writer.put("\\n\\n");
    writer.put(texts[i]);
  }
  writer.put("\"}");
}

}  // namespace

void write_conversation(const Raw& messages, const ModelTraits& traits, Signatures signatures,
                        Commas& members) {
  if (!messages.is_array()) refuse();
  std::vector<Message> all;
  bool only_system = true;
  messages.each([&](Raw raw) {
    all.push_back(read_message(raw));
    only_system = only_system && is_system(all.back());
  });
  const Results results(all);
  const std::vector<std::string_view> system = system_texts(all);
  // Gemma refuses systemInstruction, and contents may not be empty: there the text is what the user says
  // first.
  const bool as_user = !system.empty() && (traits.gemma || only_system);

  if (!system.empty() && !as_user) {
    Writer& writer = members.next();
    writer.put("\"systemInstruction\":{\"parts\":[");
    write_joined(system, writer);
    writer.put("]}");
  }
  Writer& writer = members.next();
  writer.put("\"contents\":[");
  ContentsWriter contents(writer, traits, signatures);
  if (as_user) {
    contents.part("user");
    write_joined(system, writer);
  }
  for (const Message& m : all) {
    if (m.role.equals("user")) {
      contents.content("user", m.content);
    } else if (m.role.equals("assistant")) {
      contents.content("model", m.content);
      contents.calls(m.tool_calls, results);
    } else if (!m.role.equals("tool") && !is_system(m)) {
      refuse();
    }
  }
  if (!contents.end()) writer.put("{\"role\":\"user\",\"parts\":[{\"text\":\" \"}]}");
  writer.put("]");
}

}  // namespace freellmapi::google
