// An answer whose text the client wants to be JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/event.hpp"
#include "chat/json_prefix.hpp"

namespace freellmapi::chat {

/// What the client's response_format asks of an answer's text, and when it may go out.
struct JsonForm {
  std::string_view format;  ///< the member's JSON; "" for none: text is text
  bool schema = false;      ///< it is a json_schema
  bool streamed = false;

  bool wanted() const noexcept { return !format.empty(); }
};

/// Takes the JSON out of a text: all of it, what stands in its ``` fence, the one object or list among prose,
/// or the object that was encoded twice; then brings it into the schema's form (fit_to_schema). False: there
/// is none, more than one, or it surely breaks the schema. `text` is then untouched.
bool settle_json(std::string& text, const JsonForm& form);

/// Decides what of a text may go out at once. A streamed json_object answer goes out as it comes from its
/// first bracket on, as long as it can still become JSON. Everything else is held until its end: a schema can
/// only be judged whole, and prose or a fence may stand before the object. Not thread-safe.
class JsonHold {
 public:
  explicit JsonHold(const JsonForm& form) : form_(form), held_(form.schema || !form.streamed) {}

  /// `out` gets what may go out now. Fed::not_json: what has gone out can no longer become JSON. What is held
  /// is bounded by the caller, who sees waiting().
  Fed feed(std::string_view piece, std::string_view& out);
  /// The answer has ended. `out` gets the rest, in the form asked for. `cut`: by its length, so that it need
  /// not be whole; nor need it be when the answer is a tool call or a refusal.
  Fed finish(bool cut, std::string& out);

  /// Nothing has gone out, nor will before there is more.
  bool waiting() const noexcept { return !live_; }
  std::size_t size() const noexcept { return buffer_.size(); }

 private:
  /// How much of it belongs to the value.
  std::size_t taken_of(std::string_view piece) noexcept;
  void pass_blanks() noexcept;

  JsonForm form_;
  bool held_;
  bool live_ = false;
  std::string buffer_;     // while nothing has gone out
  std::size_t begin_ = 0;  // nothing but blanks, or a fence, stands before it
  bool fenced_ = false;
  JsonPrefix prefix_;
};

}  // namespace freellmapi::chat
