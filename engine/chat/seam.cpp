#include "chat/seam.hpp"

#include <algorithm>
#include <array>

namespace freellmapi::chat {

namespace {

constexpr std::size_t usual_anchor = 80, shortest_end = 24, step = 8, word_at_most = 24;
constexpr std::size_t most_lead = 64, most_last_blanks = 64;
// Two places further apart than that nobody takes for one another; and a text may be made to cost time.
constexpr std::size_t looked_through = std::size_t{64} << 10;
constexpr std::string_view fence = "```";
constexpr std::string_view blanks = " \t\n\r";

bool is_blank(char c) noexcept { return blanks.find(c) != std::string_view::npos; }

bool inside_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string_view end_of(std::string_view text, std::size_t size) noexcept {
  return text.substr(text.size() - size);
}

/// The end of that size stands nowhere else in the part of the text that is looked through.
bool only_once(std::string_view text, std::size_t size) noexcept {
  text = end_of(text, std::min(text.size(), looked_through));
  return text.find(end_of(text, size)) == text.size() - size;
}

/// How long an end of the text must be, from `least` on, to stand nowhere else in it.
std::size_t telling_end(std::string_view text, std::size_t least) noexcept {
  std::size_t size = std::min(least, text.size());
  while (size < std::min(Seam::most_anchor, text.size()) && !only_once(text, size))
    size = std::min({size + step, Seam::most_anchor, text.size()});
  return size;
}

struct Quote {
  std::string_view open, close;
};
constexpr std::array<Quote, 6> quotes{{{"\"", "\""},
                                       {"'", "'"},
                                       {"`", "`"},
                                       {"\xE2\x80\x9C", "\xE2\x80\x9D"},
                                       {"\xE2\x80\x98", "\xE2\x80\x99"},
                                       {"\xC2\xAB", "\xC2\xBB"}}};
constexpr std::array<std::string_view, 4> ellipses{"...", "\xE2\x80\xA6", ">", "*"};

/// What models put in front of what they repeat: blanks, a quote, dots, the line that opens a code block.
std::size_t lead_of(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < std::min(text.size(), most_lead)) {
    const std::string_view rest = text.substr(at);
    const auto begins = [rest](std::string_view with) { return rest.starts_with(with); };
    if (begins(fence)) {
      const std::size_t line = rest.find('\n');
      if (line == std::string_view::npos) break;
      at += line + 1;
    } else if (is_blank(rest.front())) {
      ++at;
    } else if (const auto q =
                   std::ranges::find_if(quotes, [&](const Quote& one) { return begins(one.open); });
               q != quotes.end()) {
      at += q->open.size();
    } else if (const auto e = std::ranges::find_if(ellipses, begins); e != ellipses.end()) {
      at += e->size();
    } else {
      break;
    }
  }
  return std::min(at, text.size());
}

bool inside_code_block(std::string_view text) noexcept {
  bool inside = false;
  for (std::size_t at = text.find(fence); at != std::string_view::npos;
       at = text.find(fence, at + fence.size()))
    inside = !inside;
  return inside;
}

}  // namespace

std::string_view without_last_blanks(std::string_view shown) noexcept {
  const std::size_t last = shown.find_last_not_of(blanks);
  return last == std::string_view::npos ? std::string_view{} : shown.substr(0, last + 1);
}

std::string_view anchor_of(std::string_view shown) noexcept {
  const std::string_view text = without_last_blanks(shown);
  std::size_t size = telling_end(text, usual_anchor);
  // From the beginning of a word, when one is near: models repeat words, not their halves.
  const auto begin = [&] { return text.size() - size; };
  for (std::size_t more = 0; more < word_at_most && begin() > 0 && size < Seam::most_anchor; ++more) {
    if (is_blank(text[begin() - 1]) && !is_blank(text[begin()])) break;
    ++size;
  }
  while (begin() < text.size() && inside_character(text[begin()])) --size;
  while (size > 1 && is_blank(text[begin()])) --size;
  return end_of(text, size);
}

Seam::Seam(std::string_view shown, Going how)
    : shown_(without_last_blanks(shown)),
      blanks_(shown.substr(shown_.size())),
      how_(how),
      anchor_(anchor_of(shown)),
      shortest_(std::min(telling_end(shown_, shortest_end), anchor_.size())),
      only_once_(chat::only_once(shown_, anchor_.size())) {}

void Seam::look_for_whole(std::size_t before) {
  if (!whole_) return;
  const std::size_t compared = std::min(held_.size(), shown_.size());
  whole_ = before >= compared || std::string_view{held_}.substr(before, compared - before) ==
                                     shown_.substr(before, compared - before);
  if (whole_ && held_.size() >= shown_.size()) join(0, shown_.size());
}

// Does it begin, at `begin`, with an end of the text that is long enough?
bool Seam::repeats_an_end(std::size_t begin) {
  const std::string_view said = std::string_view{held_}.substr(begin);
  for (std::size_t size = std::min(anchor_.size(), said.size()); size >= shortest_; --size) {
    if (!said.starts_with(end_of(shown_, size))) continue;
    join(begin, begin + size);
    return true;
  }
  return false;
}

void Seam::match_anchored() {
  if (held_.size() <= most_held || !whole_) {
    const std::size_t lead = lead_of(held_);
    for (std::size_t begin = 0; begin <= lead && begin < held_.size(); ++begin)
      if (repeats_an_end(begin)) return;
    const std::size_t at = held_.find(anchor_);
    const bool telling = anchor_.size() >= shortest_end || at == 0;
    if (at != std::string::npos && at <= most_preamble && telling && (only_once_ || !whole_))
      return join(at, at + anchor_.size());
  }
  if (!whole_ && held_.size() > most_held) state_ = State::failed;
}

void Seam::match_straight() {
  if (held_.size() <= anchor_.size() && repeats_an_end(0)) return;
  if (whole_) return;
  for (std::size_t size = anchor_.size(); size > std::max(held_.size(), shortest_ - 1); --size)
    if (end_of(shown_, size).starts_with(held_)) return;
  join(0, 0);
}

// A model that puts its continuation between quotes or into a code block closes them in the end.
void Seam::look_for_wrapping(std::size_t begin, std::size_t end) {
  if (how_ == Going::straight || begin == 0) return;
  const std::string_view before = std::string_view{held_}.substr(0, begin);
  const std::size_t line = before.rfind(fence);
  if (line != std::string_view::npos && before.find('\n', line) + 1 == before.size()) {
    if (!inside_code_block(shown_)) closing_ = "\n```";
    return;
  }
  const std::size_t repeated = end - begin;
  for (const Quote& quote : quotes) {
    if (!before.ends_with(quote.open)) continue;
    // Said before in the answer itself, it is part of what is repeated.
    if (shown_.substr(0, shown_.size() - repeated).ends_with(quote.open)) return;
    closing_ = quote.close;
    quoted_ = true;
    return;
  }
}

void Seam::join(std::size_t begin, std::size_t end) {
  look_for_wrapping(begin, end);
  from_ = end;
  state_ = State::joined;
}

Seam::State Seam::feed(std::string_view piece, std::string& out) {
  if (state_ == State::failed || piece.empty()) return state_;
  said_ = said_ || !without_last_blanks(piece).empty();
  if (state_ == State::joined) {
    pass(piece, out);
    return state_;
  }
  // Byte by byte, so that the seam does not depend on how the text was cut.
  for (std::size_t i = 0; i < piece.size(); ++i) {
    held_ += piece[i];
    look_for_whole(held_.size() - 1);
    if (state_ == State::matching) how_ == Going::anchored ? match_anchored() : match_straight();
    if (state_ == State::matching) continue;
    if (state_ == State::failed) {
      held_.clear();
      return state_;
    }
    const std::string fresh = held_.substr(from_);
    held_.clear();
    if (!fresh.empty()) pass(fresh, out);
    if (i + 1 < piece.size()) pass(piece.substr(i + 1), out);
    return state_;
  }
  return state_;
}

void Seam::pass(std::string_view text, std::string& out) {
  if (quoted_) {
    held_ += text;
    if (held_.size() < closing_.size() && closing_.starts_with(held_)) return;
    std::string all = std::move(held_);
    held_.clear();
    quoted_ = false;
    if (all.starts_with(closing_)) {
      all.erase(0, closing_.size());
      closing_.clear();
    }
    return pass(all, out);
  }
  while (!blanks_.empty() && !text.empty()) {
    if (text.front() != blanks_.front()) {
      blanks_ = {};
      break;
    }
    blanks_.remove_prefix(1);
    text.remove_prefix(1);
  }
  if (closing_.empty()) {
    out += text;
    return;
  }
  held_ += text;
  // Held back: what would be the wrapping's end if nothing but blanks came behind it.
  const std::string_view all(held_);
  const std::string_view said = without_last_blanks(all);
  std::size_t keep = all.size();
  if (said.ends_with(closing_) && all.size() - said.size() <= most_last_blanks) {
    keep = said.size() - closing_.size();
  } else {
    for (std::size_t n = std::min(closing_.size() - 1, all.size()); n > 0 && keep == all.size(); --n)
      if (all.ends_with(std::string_view{closing_}.substr(0, n))) keep = all.size() - n;
  }
  out.append(held_, 0, keep);
  held_.erase(0, keep);
}

Seam::State Seam::finish(std::string& out) {
  if (state_ == State::matching) {
    // A few last words that happen to be how the answer begins are words; a repetition that breaks off is
    // none.
    const bool words = how_ == Going::straight && held_.size() < shortest_;
    state_ = words ? State::joined : State::failed;
    if (!words) return state_;
    const std::string fresh = std::move(held_);
    held_.clear();
    pass(fresh, out);
  }
  if (state_ == State::joined) {
    const bool closed = !closing_.empty() && without_last_blanks(held_) == closing_;
    if (!closed) out += held_;
    held_.clear();
  }
  return state_;
}

}  // namespace freellmapi::chat
