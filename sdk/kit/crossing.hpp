// Every call into a plugin goes through here: an exception that comes out of it is the plugin's fault.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace freellmapi::kit {

/// An exception ran across the C ABI. The host has no way to live through it.
struct Crossed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Call>
decltype(auto) inside(const char* function, Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const std::exception& e) {
    throw Crossed(std::string(function) + " threw an exception across the C ABI: " + e.what());
  } catch (...) {
    throw Crossed(std::string(function) + " threw an exception across the C ABI");
  }
}

}  // namespace freellmapi::kit
