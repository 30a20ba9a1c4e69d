// Where the text of a second model joins what the client has already: nothing twice, nothing lost. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace freellmapi::chat {

/// How the next model was asked to go on.
enum class Going {
  straight,  ///< the text so far stands as the beginning of its own answer: it goes on directly
  anchored,  ///< it was asked to repeat the anchor first
};

/// The end of `shown` that the next model repeats: without blanks at its end, of whole characters, from 80
/// bytes (less when there is no more) to 240, and not found anywhere else in the last 64 KiB of `shown`
/// unless 240 bytes are too few for that. A view into `shown`.
std::string_view anchor_of(std::string_view shown) noexcept;

/// Without the blanks at its end: as the text so far is sent, for providers take none there. The seam finds
/// them at the beginning of what follows.
std::string_view without_last_blanks(std::string_view shown) noexcept;

/// Takes the next model's text piece by piece and gives out what is new. What it repeats is cut: the anchor
/// behind at most 240 bytes of preamble, or the whole answer from its beginning; of a model that goes on
/// straight also any end of the text that is long enough to be no chance. Events do not depend on how the
/// text is cut.
///
/// Memory: what cannot be told yet is held back, at most most_held bytes, or as much as `shown` while the
/// model says the whole answer again.
class Seam {
 public:
  enum class State {
    matching,  ///< nothing has been given out
    joined,
    failed,  ///< the model does not go on from where the answer stood; nothing has been given out
  };
  static constexpr std::size_t most_preamble = 240;
  static constexpr std::size_t most_anchor = 240;
  static constexpr std::size_t most_held = most_preamble + most_anchor;

  /// `shown` is not blank and outlives the seam.
  Seam(std::string_view shown, Going how);

  /// Appends to `out` what the client has not seen yet.
  State feed(std::string_view piece, std::string& out);
  /// The model's text is over.
  State finish(std::string& out);

  State state() const noexcept { return state_; }
  /// It has said nothing but blanks so far.
  bool silent() const noexcept { return !said_; }

 private:
  void match_anchored();
  void match_straight();
  void look_for_whole(std::size_t before);
  bool repeats_an_end(std::size_t begin);
  void look_for_wrapping(std::size_t begin, std::size_t end);
  void join(std::size_t begin, std::size_t end);
  void pass(std::string_view text, std::string& out);

  const std::string_view shown_;  // without its last blanks
  std::string_view blanks_;       // those, as far as they have not come again
  const Going how_;
  std::string_view anchor_;
  std::size_t shortest_ = 0;  // an end of the text of that length is no chance
  bool only_once_ = false;    // the anchor stands nowhere else there
  State state_ = State::matching;
  bool said_ = false;
  bool whole_ = true;     // so far it is the answer from its beginning
  std::string held_;      // while matching: all of it; joined: what may be the end of a wrapping
  std::size_t from_ = 0;  // joined: what is new begins there in held_
  std::string closing_;   // what the model would close its wrapping with
  bool quoted_ = false;   // the wrapping is a quote, which may close right behind the anchor
};

}  // namespace freellmapi::chat
