// One walk of the decoder over a body: where it reads, what it changes, what it found, what is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "chat/edits.hpp"
#include "chat/fault.hpp"
#include "chat/json_scan.hpp"
#include "chat/request.hpp"

namespace freellmapi::chat {

/// Reading functions answer false when something is wrong. The path of the fault is put together on the way
/// back: the reader of a value says what is wrong with it, each caller puts its own name in front.
struct Pass {
  struct SeenTool {
    JsonText name;
    std::string_view parameters;
  };

  Pass(std::string& body, Facts& found) : scan(body), edits(body), facts(found) {}

  JsonScan scan;
  Edits edits;
  Facts& facts;
  std::optional<Fault> fault;
  std::vector<SeenTool> tools;

  /// Always false. `message` goes on from the path: "must be a string".
  bool wrong(std::string_view code, std::string_view param, std::string_view message);
  bool wrong_type(std::string_view param, std::string_view expected) {
    return wrong("invalid_type", param, "must be " + std::string{expected});
  }
  bool missing(std::string_view param) { return wrong("missing_required_parameter", param, "is required"); }
  /// Puts `outer` in front of the fault's path. Always false.
  bool within(std::string_view outer);
  bool within(std::string_view outer, std::size_t index);

  /// The next value as a string, or a wrong_type fault at `param`.
  bool text(std::string_view param, JsonText& out);
  /// JSON text that the model reads: `wide` of its bytes are not ASCII.
  void count(std::string_view raw, std::size_t wide) noexcept;
  /// A string that the model reads: counted.
  bool counted_text(std::string_view param, JsonText& out);

  /// The value of an element, without the blanks around it.
  std::string_view value(const Element& element) const {
    return base::trim(scan.view(element.value.begin, element.value.end));
  }
};

}  // namespace freellmapi::chat
