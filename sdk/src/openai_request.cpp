// Writes a request as pieces: what may stay is sent from where the client wrote it, what differs is written
// beside.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "openai_messages.hpp"
#include "splicer.hpp"

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

/// The members that something is done with here.
enum class Known : std::uint8_t {
  none,
  ours,  ///< written anew, or not at all
  messages,
  response_format,
  stop,
  tool_choice,
  tools  ///< and what goes with them alone
};

Known known(std::string_view name) noexcept {
  const auto is = [name](std::string_view word, Known known) { return name == word ? known : Known::none; };
  switch (name.size()) {
    case 1:
      return is("n", Known::ours);
    case 4:
      return is("stop", Known::stop);
    case 5:
      return name == "tools" ? Known::tools : is("model", Known::ours);
    case 6:
      return is("stream", Known::ours);
    case 8:
      return is("messages", Known::messages);
    case 10:
      return is("max_tokens", Known::ours);
    case 11:
      return is("tool_choice", Known::tool_choice);
    case 14:
      return is("stream_options", Known::ours);
    case 15:
      return is("response_format", Known::response_format);
    case 19:
      return is("parallel_tool_calls", Known::tools);
    case 21:
      return is("max_completion_tokens", Known::ours);
    default:
      return Known::none;
  }
}

/// The provider's rule for a member, or what holds when it has none.
const MemberRule& rule_of(const OpenAiDialect& dialect, std::string_view name) noexcept {
  return dialect.keep_unlisted ? rule_or_keep(dialect.members, name)
                               : rule_for(dialect.members, standard_members, name);
}

bool empty_array(std::string_view text) noexcept {
  return text.starts_with('[') && text.find_first_not_of(" \t\r\n", 1) == text.find(']');
}

bool offers_tools(const OpenAiDialect& dialect, const Call& call) noexcept {
  const auto tools = call.find("tools");
  return tools && !empty_array(*tools) && rule_of(dialect, "tools").action != MemberRule::Action::drop;
}

bool plain_text_format(std::string_view text) {
  if (text.size() > 64) return false;
  const auto format = parse_json(text);
  return format && format->is_object() && string_at(format->get_object(), "type") == "text";
}

/// Nothing when the member can go as it is, else what is written for it ("" drops it).
std::optional<std::string> stops(const OpenAiDialect& dialect, std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return "";
  if (value->is_string())
    return dialect.stop_as_array ? std::optional("[" + std::string(text) + "]") : std::nullopt;
  const json::array* const list = value->if_array();
  if (list == nullptr || list->empty()) return "";
  if (list->size() <= dialect.max_stops) return std::nullopt;
  return json::serialize(json::array(list->begin(), list->begin() + dialect.max_stops));
}

std::optional<std::string> tool_choice(const ToolChoiceRules& rules, std::string_view text) {
  std::string required;
  append_json_string(required, rules.required);
  if (text == "\"auto\"") return rules.send_auto ? std::nullopt : std::optional(std::string());
  if (text == "\"required\"" || text == "\"any\"")
    return text == required ? std::nullopt : std::optional(required);
  if (text.starts_with('{') && rules.named_to_required) return required;
  return std::nullopt;
}

/// What is written for a member that the dialect keeps: nothing for "as it is", "" for "not at all".
std::optional<std::string> replaced(const OpenAiProvider& provider, const Call& call, Known known,
                                    std::string_view name, std::string_view value) {
  std::string replacement;
  const Edit edit = provider.edit_member(call, name, value, replacement);
  if (edit == Edit::drop) return "";
  if (edit == Edit::replace) return replacement;
  const OpenAiDialect& dialect = provider.differences();
  switch (known) {
    case Known::messages:
      return must_rewrite(dialect.messages, call) || provider.must_edit_messages(call)
                 ? std::optional(rewrite_messages(provider, call, value))
                 : std::nullopt;
    case Known::response_format:
      return plain_text_format(value) ? std::optional(std::string()) : std::nullopt;
    case Known::stop:
      return stops(dialect, value);
    case Known::tool_choice:
      return offers_tools(dialect, call) ? tool_choice(dialect.tool_choice, value) : "";
    case Known::tools:
      return offers_tools(dialect, call) ? std::nullopt : std::optional(std::string());
    default:
      return std::nullopt;
  }
}

}  // namespace

void MemberWriter::add(std::string_view name, std::string_view text) {
  if (!out_.empty()) out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
  out_ += text;
}
void MemberWriter::add_string(std::string_view name, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  add(name, quoted);
}
void MemberWriter::add_number(std::string_view name, std::uint64_t number) {
  add(name, std::to_string(number));
}

void OpenAiProvider::write_body(const Call& call, RequestOut& out) const {
  Splicer splicer(call.body(), out);
  splicer.own_string("model", call.model());
  if (asks_stream(call)) {
    splicer.own("stream", "true");
    if (dialect_.ask_stream_usage) splicer.own("stream_options", R"({"include_usage":true})");
  }
  const std::uint64_t most =
      call.max_output_tokens() != 0 ? call.max_output_tokens() : default_max_tokens(call);
  if (most != 0) splicer.own_number(max_tokens_name(call), most);

  for (const freellm_member& member : call.members()) {
    const std::string_view name = view(member.name), value = view(member.value);
    const Known which = known(name);
    if (which == Known::ours || value == "null") continue;
    const MemberRule& rule = rule_of(dialect_, name);
    if (rule.action == MemberRule::Action::drop) continue;
    auto text = replaced(*this, call, which, name, value);
    if (!text && rule.action == MemberRule::Action::clamp) text = clamped(rule, value);
    const bool renames = rule.action == MemberRule::Action::rename;
    if (text && text->empty()) continue;
    if (text) {
      splicer.own(renames ? rule.to : name, *text);
    } else if (renames) {
      splicer.renamed(rule.to, value);
    } else {
      splicer.kept(member);
    }
  }
  std::string more;
  MemberWriter writer(more);
  add_members(call, writer);
  splicer.tail(more);
  splicer.close();
  if (most != 0) out.output_bound(most);
}

}  // namespace freellmapi::sdk
