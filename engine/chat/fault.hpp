// What is wrong with a request, for the one who sent it.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace freellmapi::chat {

/// `code`: invalid_json, missing_required_parameter, invalid_type, invalid_value, unsupported_value or
/// unsupported_parameter. `param` is a path such as messages[3].content, empty when the text is not JSON. The
/// message holds no piece of the request but names of members.
struct Fault {
  int status = 400;
  std::string code;
  std::string param;
  std::string message;
};

/// Found by argument-dependent lookup when value() is called on a fault: a broken invariant.
[[noreturn]] inline void throw_exception_from_error(const Fault& fault, const boost::source_location&) {
  throw std::logic_error("unchecked fault: " + fault.message);
}

template <class T>
using Checked = boost::system::result<T, Fault>;

}  // namespace freellmapi::chat
