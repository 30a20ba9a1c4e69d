// freellmapi/think.hpp - splits a leading <think>...</think> out of a text that arrives in pieces.
#pragma once

#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Some models write their thinking in front of the answer, in tags. Only tags that open the text count: a
/// later <think> is text. Holds back at most a tag and a few blanks. Not thread-safe.
class ThinkSplitter {
 public:
  /// Calls on_piece(bool thinking, std::string_view) for what is decided.
  template <class OnPiece>
  void feed(std::string_view piece, OnPiece&& on_piece) {
    if (state_ == State::start && held_.empty() && begins_otherwise(piece)) state_ = State::text;
    if (state_ == State::text) {
      if (!piece.empty()) on_piece(false, piece);
      return;
    }
    held_.append(piece);
    while (step(false, on_piece)) {
    }
  }
  /// No more text: what was held back is handed out as what it most likely is.
  template <class OnPiece>
  void finish(OnPiece&& on_piece) {
    if (state_ == State::text && held_.empty()) return;
    while (step(true, on_piece)) {
    }
    if (!held_.empty()) on_piece(state_ == State::thinking, std::string_view(held_));
    held_.clear();
    state_ = State::text;
  }

 private:
  enum class State { start, thinking, gap, text };
  static constexpr std::string_view open_ = "<think>", close_ = "</think>";

  // What most texts are seen to be at once.
  static bool begins_otherwise(std::string_view piece) noexcept {
    const std::size_t solid = piece.find_first_not_of(" \t\r\n");
    return solid != piece.npos && piece[solid] != open_.front();
  }

  // One decision; false when more bytes are needed or there is nothing left.
  template <class OnPiece>
  bool step(bool last, OnPiece& on_piece) {
    const std::size_t blank = held_.find_first_not_of(" \t\r\n");
    const std::string_view solid =
        blank == held_.npos ? std::string_view{} : std::string_view(held_).substr(blank);
    switch (state_) {
      case State::start:
        if (solid.starts_with(open_)) {
          held_.erase(0, blank + open_.size());
          state_ = State::thinking;
          return true;
        }
        if (!last && open_.starts_with(solid) && held_.size() < 64) return false;
        state_ = State::text;
        return true;
      case State::thinking: {
        const std::size_t end = held_.find(close_);
        std::size_t give = end == held_.npos ? held_.size() : end;
        if (end == held_.npos && !last)  // the tail may be the front of the closing tag
          for (std::size_t n = close_.size() - 1; n > 0; --n)
            if (held_.size() >= n &&
                std::string_view(held_).substr(held_.size() - n) == close_.substr(0, n)) {
              give -= n;
              break;
            }
        if (give > 0) on_piece(true, std::string_view(held_).substr(0, give));
        held_.erase(0, end == held_.npos ? give : end + close_.size());
        if (end == held_.npos) return false;
        state_ = State::gap;
        return true;
      }
      case State::gap:  // blanks between the thinking and the answer belong to neither
        if (solid.empty()) {
          held_.clear();
          return false;
        }
        held_.erase(0, blank);
        state_ = State::text;
        return true;
      case State::text:
        if (!held_.empty()) on_piece(false, std::string_view(held_));
        held_.clear();
        return false;
    }
    return false;
  }

  State state_ = State::start;
  std::string held_;
};

}  // namespace freellmapi::sdk
