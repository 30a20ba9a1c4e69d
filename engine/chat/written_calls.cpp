#include "chat/written_calls.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "chat/edits.hpp"
#include "chat/json_tree.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_depth = 4;  // an array of {"type","function":{...}} inside {"tool_calls"}
constexpr std::size_t longest_schema = std::size_t{256} << 10;

constexpr std::array<std::string_view, 3> name_members{"name", "tool", "tool_name"};
constexpr std::array<std::string_view, 4> argument_members{"arguments", "parameters", "args", "input"};
constexpr std::array<std::string_view, 3> side_members{"type", "id", "index"};

template <std::size_t n>
bool among(const std::array<std::string_view, n>& names, std::string_view name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Looks at the beginning of a value that may not be all there; each step answers unknown where it ends.
class Beginning {
 public:
  Beginning(std::string_view text, const Offered& offered) : text_(text), offered_(offered) {}

  Sign value(std::size_t depth) noexcept {
    if (depth > most_depth) return Sign::none;
    blanks();
    if (ended()) return Sign::unknown;
    if (take('[')) return value(depth + 1);
    return take('{') ? members(depth) : Sign::none;
  }

 private:
  bool ended() const noexcept { return at_ >= text_.size(); }
  void blanks() noexcept {
    while (!ended() && is_blank(text_[at_])) ++at_;
  }
  bool take(char c) noexcept {
    if (ended() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // Nothing: not all there, or no string.
  std::optional<std::string_view> string() noexcept {
    blanks();
    if (!take('"')) return std::nullopt;
    const std::size_t begin = at_;
    for (; !ended(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        return text_.substr(begin, at_++ - begin);
      }
    }
    return std::nullopt;
  }
  Sign named() noexcept {
    const auto name = string();
    if (!name) return ended() ? Sign::unknown : Sign::none;
    return offered_.meant(*name) != nullptr ? Sign::call : Sign::none;
  }
  bool skip_arguments() noexcept {
    blanks();
    if (ended()) return false;
    if (text_[at_] == '"') return string().has_value();
    JsonEnd end;
    if (!end.found(text_.substr(at_))) return false;
    at_ += end.at();
    return true;
  }
  Sign members(std::size_t depth) noexcept {
    for (;;) {
      const auto key = string();
      if (!key) return ended() ? Sign::unknown : Sign::none;
      blanks();
      if (!take(':')) return ended() ? Sign::unknown : Sign::none;
      blanks();
      if (ended()) return Sign::unknown;
      const bool object = text_[at_] == '{', array = text_[at_] == '[', text = text_[at_] == '"';
      if (among(name_members, *key) || (*key == "function" && !object)) return named();
      if (*key == "function") return value(depth + 1);
      if (*key == "tool_calls") return array ? value(depth + 1) : Sign::none;
      const bool fits = among(argument_members, *key) ? object || text : among(side_members, *key) && text;
      if (!fits) return Sign::none;
      if (!skip_arguments()) return Sign::unknown;
      blanks();
      if (!take(',')) return ended() ? Sign::unknown : Sign::none;
    }
  }

  std::string_view text_;
  const Offered& offered_;
  std::size_t at_ = 0;
};

// Reads what Beginning has seen the beginning of.
class Reader {
 public:
  Reader(std::string& json, const Offered& offered, bool lenient, std::vector<WrittenCall>& out)
      : scan_(json), offered_(offered), lenient_(lenient), out_(out) {}

  Held read() {
    if (!value(0) || !scan_.finish()) return scan_.failed() ? Held::broken : Held::none;
    return Held::calls;
  }

 private:
  bool value(std::size_t depth) {
    if (depth > most_depth) return false;
    if (scan_.peek() == JsonType::object) return object(depth);
    if (scan_.peek() != JsonType::array) return false;
    std::size_t comma = 0, count = 0;
    scan_.enter();
    for (; scan_.next_item(comma); ++count)
      if (!value(depth + 1)) return false;
    return !scan_.failed() && count > 0;
  }

  bool object(std::size_t depth) {
    WrittenCall call;
    bool inside = false;  // the call stands in a member
    const bool good = members(call, inside, depth);
    if (!good || scan_.failed()) return false;
    if (inside) return call.name.empty();
    const OfferedTool* const tool = offered_.meant(call.name);
    if (tool == nullptr || (call.arguments.empty() && !lenient_)) return false;
    call.name = tool->name;
    out_.push_back(std::move(call));
    return true;
  }

  bool members(WrittenCall& call, bool& inside, std::size_t depth) {
    Members members(scan_);
    while (members.next()) {
      const std::string_view name = members.name();
      const JsonType type = scan_.peek();
      if (among(name_members, name) || (name == "function" && type == JsonType::string)) {
        JsonText text;
        if (!scan_.string(text)) return false;
        call.name = text.unescaped();
      } else if (name == "function" || name == "tool_calls") {
        inside = true;
        if (!value(depth + 1)) return false;
      } else if (among(argument_members, name)) {
        const std::size_t begin = scan_.offset();
        if (!scan_.skip()) return false;
        call.arguments = base::trim(scan_.view(begin, scan_.offset()));
      } else if (!among(side_members, name) || !scan_.skip()) {
        return false;
      }
    }
    return true;
  }

  JsonScan scan_;
  const Offered& offered_;
  bool lenient_;
  std::vector<WrittenCall>& out_;
};

bool is_string_parameter(const JsonTree& schema, std::string_view name) {
  JsonTree::Id at = JsonTree::root;
  for (const std::string_view step : {std::string_view{"properties"}, name, std::string_view{"type"}})
    if (at != JsonTree::none) at = schema.member(at, step);
  return at != JsonTree::none && schema.at(at).type == JsonType::string && schema.at(at).string.is("string");
}

// Takes what stands between `open` and `close`, both included, off the front. Nothing: it does not.
std::optional<std::string_view> between(std::string_view& text, std::string_view open,
                                        std::string_view close) {
  if (!text.starts_with(open)) return std::nullopt;
  const std::size_t end = text.find(close, open.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view found = text.substr(open.size(), end - open.size());
  text = base::trim(text.substr(end + close.size()));
  return found;
}

}  // namespace

const OfferedTool* Offered::meant(std::string_view written) const noexcept {
  const auto exactly = [this](std::string_view name) -> const OfferedTool* {
    for (const OfferedTool& tool : tools)
      if (tool.name == name) return &tool;
    return nullptr;
  };
  written = base::trim(written);
  if (const OfferedTool* const tool = exactly(written)) return tool;
  constexpr std::string_view prefix = "functions.";
  if (written.starts_with(prefix)) written.remove_prefix(prefix.size());
  const std::size_t colon = written.rfind(':');
  if (colon != std::string_view::npos &&
      written.find_first_not_of("0123456789", colon + 1) == std::string_view::npos)
    written = written.substr(0, colon);
  return exactly(written);
}

Offered offered_by(const Request& request, bool enforced) noexcept {
  Offered offered{request.tools, request.facts.json_object || request.facts.json_schema, enforced};
  if (!enforced || !offered.json_wanted) return offered;
  for (const Member& member : request.members)
    if (member.name == "response_format") offered.form.format = member.value;
  offered.form.schema = request.facts.json_schema;
  offered.form.streamed = request.stream;
  return offered;
}

// Brackets alone, unlike JsonPrefix: the end of what is no JSON (names without quotes, line breaks in
// strings) must be found too, for behind it an answer goes on.
bool JsonEnd::found(std::string_view text) noexcept {
  for (; at_ < text.size(); ++at_) {
    const char c = text[at_];
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (--depth_ != 0) continue;
      ++at_;
      return true;
    }
  }
  return false;
}

Sign sign_of_call(std::string_view beginning, const Offered& offered) noexcept {
  return Beginning(beginning, offered).value(0);
}

Held read_json_calls(std::string json, const Offered& offered, bool lenient, std::vector<WrittenCall>& out) {
  const std::size_t before = out.size();
  const Held held = Reader(json, offered, lenient, out).read();
  if (held != Held::calls) out.resize(before);
  return held;
}

bool read_parameters(std::string_view text, const OfferedTool& tool, std::string& arguments) {
  arguments = "{";
  const JsonTree schema{std::string{tool.parameters.size() > longest_schema ? "" : tool.parameters}};
  std::size_t count = 0;
  for (text = base::trim(text); !text.empty();) {
    if (++count > Members::most) return false;
    std::string_view name, value;
    if (const auto key = between(text, "<arg_key>", "</arg_key>")) {
      const auto said = between(text, "<arg_value>", "</arg_value>");
      if (!said) return false;
      name = *key;
      value = *said;
    } else {
      const auto both = between(text, "<parameter=", "</parameter>");
      const std::size_t end = both ? both->find('>') : std::string_view::npos;
      if (end == std::string_view::npos) return false;
      name = both->substr(0, end);
      value = both->substr(end + 1);
      if (value.starts_with('\n')) value.remove_prefix(1);
      if (value.ends_with('\n')) value.remove_suffix(1);
    }
    name = base::trim(name);
    if (name.empty()) return false;
    if (arguments.size() > 1) arguments += ',';
    base::append_json_string(arguments, name);
    arguments += ':';
    std::string json{value};
    if (is_string_parameter(schema, name) || check_json(json)) {
      base::append_json_string(arguments, value);
    } else {
      arguments += base::trim(json);
    }
  }
  arguments += '}';
  return true;
}

}  // namespace freellmapi::chat
