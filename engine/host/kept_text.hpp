// Copies of texts, each of which stays where it was put.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace freellmapi::host {

/// Views of what it keeps are valid until it dies. Texts kept one after the other mostly lie one behind the
/// other, the first of them in the object itself.
class KeptText {
 public:
  KeptText() noexcept {}  // what nothing has been written to is left as it is
  KeptText(const KeptText&) = delete;
  KeptText& operator=(const KeptText&) = delete;

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

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::array<char, 256> own_;
  char* at_ = own_.data();
  std::size_t room_ = own_.size(), held_ = own_.size();
};

}  // namespace freellmapi::host
