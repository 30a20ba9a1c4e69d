// Copies of texts, each of which stays where it was put.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace freellmapi::host {

/// Views of what it keeps are valid until it dies, and after a move until the new one does. Texts kept one
/// after the other mostly lie one behind the other. A moved-from one can only be destroyed.
class KeptText {
 public:
  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    if (text.size() > room_) make_room(text.size());
    char* const to = at_;
    std::memcpy(to, text.data(), text.size());
    at_ += text.size();
    room_ -= text.size();
    return {to, text.size()};
  }

 private:
  void make_room(std::size_t least) {
    constexpr std::size_t usual = 512;
    room_ = std::max({usual, least, held_});  // as much again, so that there are few
    at_ = blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(room_)).get();
    held_ += room_;
  }

  boost::container::small_vector<std::unique_ptr<char[]>, 1> blocks_;
  char* at_ = nullptr;
  std::size_t room_ = 0, held_ = 0;
};

}  // namespace freellmapi::host
