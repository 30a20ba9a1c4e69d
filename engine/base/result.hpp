// The one error type of the engine and the result that carries it.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace freellmapi::base {

/// What kind of thing went wrong, for the program. The text is for a person.
enum class Errc {
  invalid_argument,  ///< the caller's input is wrong
  not_found,
  already_exists,
  permission,  ///< a file or an action that may not be used
  io,          ///< file or socket trouble
  timeout,
  cancelled,  ///< we gave up on purpose (client gone, drain)
  limit,      ///< a bound was reached
  protocol,   ///< the peer broke its protocol
  unavailable,
  internal,
};

/// `message` says what happened and what to do; `where` is a place the reader can go to
/// (file:line:col, a JSON path, a provider/model), empty when there is none.
struct Error {
  Errc code = Errc::internal;
  std::string message;
  std::string where;

  Error() = default;
  Error(Errc c, std::string m, std::string w = {}) : code(c), message(std::move(m)), where(std::move(w)) {}

  /// "where: message", or the message alone.
  std::string text() const { return where.empty() ? message : where + ": " + message; }
};

/// Found by argument-dependent lookup when value() is called on an error: a broken invariant.
[[noreturn]] inline void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + e.text());
}

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace freellmapi::base
