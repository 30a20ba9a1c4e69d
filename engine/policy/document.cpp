#include "policy/document.hpp"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "base/text.hpp"

namespace freellmapi::policy {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {1, 1};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

Place place_at(std::string_view text, std::size_t offset) {
  Place place{1, 1};
  for (const char c : text.substr(0, offset)) {
    ++place.column;
    if (c == '\n') place = {place.line + 1, 1};
  }
  return place;
}

// Bytes of the UTF-8 character that begins there; 0: none does.
std::size_t character_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return 0;
  const auto lead = static_cast<unsigned char>(text[offset]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (offset + length > text.size() || !simdjson::validate_utf8(text.data() + offset, length)) return 0;
  return length;
}

// Everything that must hold before the library sees the text.
bool acceptable(std::string_view text, Faults& faults) {
  if (text.size() > max_text_bytes) {
    faults.error({}, "the file is larger than 1 MiB");
    return false;
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    std::size_t good = 0;
    while (const std::size_t length = character_at(text, good)) good += length;
    faults.error(place_at(text, good), "the file is not UTF-8");
    return false;
  }
  std::size_t flow_marks = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // The library takes 0x04 for the end of the file and would drop what follows.
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      faults.error(place_at(text, i), "control characters are not allowed");
      return false;
    }
    const bool flow = c == '[' || c == ']' || c == '{' || c == '}' || c == ',';
    if (flow && ++flow_marks > max_flow_marks) {
      faults.error(place_at(text, i), "too many brackets and commas (at most 50000)");
      return false;
    }
  }
  return true;
}

// Builds the tree from the library's events, so that nothing is expanded and every bound holds as we go.
class Builder final : public YAML::EventHandler {
 public:
  struct Stop {};  // thrown through the library when a bound is reached

  Builder(std::string_view text, Faults& faults) : text_(text), faults_(faults) {}

  Element take() { return std::move(root_); }
  std::size_t documents() const { return documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      faults_.error(place_of(mark), "only one document is allowed in the file");
      throw Stop{};
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(Element::Kind::null, mark, {}, anchor, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults_.error(place_of(mark), "aliases ('*name') are not allowed");
    add(Element::Kind::refused, mark, {}, 0, {});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Element& node = add(Element::Kind::scalar, mark, tag, anchor, value);
    if (node.kind == Element::Kind::scalar && tag == "!") {
      node.quoted = at(mark) == '"' || at(mark) == '\'';
      if (node.quoted && !closes(static_cast<std::size_t>(mark.pos))) {
        faults_.error(node.place, "the quoted text has no end");
        throw Stop{};
      }
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Element::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Element::Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  char at(const YAML::Mark& mark) const {
    const auto i = static_cast<std::size_t>(mark.pos);
    return i < text_.size() ? text_[i] : '\0';
  }

  // The library reads a text without closing quote up to the next line that starts further left.
  bool closes(std::size_t i) const {
    const char quote = text_[i];
    for (++i; i < text_.size(); ++i) {
      if (text_[i] == '\\' && quote == '"') {
        ++i;
      } else if (text_[i] == quote) {
        if (quote != '\'' || i + 1 >= text_.size() || text_[i + 1] != '\'') return true;
        ++i;
      }
    }
    return false;
  }

  void open(Element::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Element& node = add(kind, mark, tag, anchor, {});
    if (open_.size() >= max_depth) {
      faults_.error(node.place, "nested deeper than 64 levels");
      throw Stop{};
    }
    open_.push_back(&node);  // stable: its parent grows only after it is closed
  }

  Element& add(Element::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
               const std::string& value) {
    if (++nodes_ > max_nodes) {
      faults_.error(place_of(mark), "too many values in the file (at most 20000)");
      throw Stop{};
    }
    const bool plain_bang = tag == "!" && at(mark) == '!';
    if (anchor != 0) faults_.error(place_of(mark), "anchors ('&name') are not allowed");
    if ((!tag.empty() && tag != "?" && tag != "!") || plain_bang) {
      faults_.error(place_of(mark), "tags ('!name') are not allowed");
      if (kind == Element::Kind::scalar || kind == Element::Kind::null) kind = Element::Kind::refused;
    }
    Element* node = &root_;
    if (!open_.empty()) node = &open_.back()->items.emplace_back();
    node->kind = kind;
    node->place = place_of(mark);
    node->text = value;
    return *node;
  }

  std::string_view text_;
  Faults& faults_;
  Element root_;
  std::vector<Element*> open_;
  std::size_t nodes_ = 0, documents_ = 0;
};

// The library's words, made ours where a person would not understand them.
std::string reworded(const YAML::Exception& e, std::string_view text) {
  const auto i = static_cast<std::size_t>(e.mark.is_null() ? 0 : e.mark.pos);
  const char at = i < text.size() ? text[i] : '\0';
  if (at == '*') return "aliases ('*name') are not allowed";
  if (at == '&') return "anchors ('&name') are not allowed";
  if (at == '!') return "tags ('!name') are not allowed";
  if (at == '\t') return "not YAML: indent with spaces, not with a tab";
  return "not YAML: " + base::printable(e.msg);
}

}  // namespace

std::optional<Element> read_document(std::string_view text, Faults& faults) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!acceptable(text, faults)) return std::nullopt;
  Builder builder(text, faults);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      Element empty;
      empty.place = {1, 1};
      return empty;
    }
    parser.HandleNextDocument(builder);  // a second document is refused when it starts
  } catch (const Builder::Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    faults.error(place_of(e.mark), reworded(e, text));
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace freellmapi::policy
