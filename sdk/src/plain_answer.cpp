#include "plain_answer.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "utf8.hpp"

namespace freellmapi::sdk {
namespace {

constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A walk over JSON text. Every method is false, or nothing is found, where the text is not what is asked
/// for: the walk has then failed as a whole.
class Walk {
 public:
  explicit Walk(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

  char peek() noexcept {
    if (at_ == end_ || *at_ <= ' ') [[unlikely]]
      skip_blanks();
    return at_ != end_ ? *at_ : '\0';
  }
  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view word) noexcept {
    if (!std::string_view(at_, left()).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool at_end() noexcept { return peek() == '\0' && at_ == end_; }

  /// A string, as it is written between its quotes.
  bool string(std::string_view& raw, bool& escaped) noexcept {
    if (!take('"')) return false;
    escaped = false;
#if defined(__SSE2__)
    // Most are names, or not much longer.
    if (left() >= 16) {
      const unsigned stop = first_special();
      if (stop < 16 && at_[stop] == '"') {
        raw = {at_, stop};
        at_ += stop + 1;
        return true;
      }
    }
#endif
    return long_string(raw, escaped);
  }

  /// A name without escapes, and its colon.
  bool name(std::string_view& name) noexcept {
    bool escaped = false;
    return string(name, escaped) && !escaped && take(':');
  }
  /// A number as it is written; `whole`: without sign, fraction and exponent.
  bool number(std::string_view& raw, bool& whole) noexcept {
    const char* const begin = at_;
    const auto digits = [this] {
      const char* at = at_;
      while (at != end_ && digit(*at)) ++at;
      return at - std::exchange(at_, at);
    };
    const auto next = [this](char a, char b) {
      if (at_ == end_ || (*at_ != a && *at_ != b)) return false;
      ++at_;
      return true;
    };
    whole = !next('-', '-');
    const char* const first = at_;
    if (const auto count = digits(); count == 0 || (count > 1 && *first == '0')) return false;
    if (next('.', '.')) {
      whole = false;
      if (digits() == 0) return false;
    }
    if (next('e', 'E')) {
      whole = false;
      next('+', '-');
      if (digits() == 0) return false;
    }
    raw = {begin, static_cast<std::size_t>(at_ - begin)};
    return true;
  }
  /// A value of which nothing is wanted: no object, and no array that holds something.
  bool skip() noexcept {
    std::string_view raw;
    bool ignored = false;
    switch (peek()) {
      case '"':
        return string(raw, ignored);
      case '[':
        ++at_;
        return take(']');
      case 'n':
        return word("null");
      case 't':
        return word("true");
      case 'f':
        return word("false");
      default:
        return number(raw, ignored);
    }
  }
  /// Behind a member: true and `more` where another follows, true and not `more` behind the last.
  bool next(bool& more) noexcept {
    more = take(',');
    return more || take('}');
  }

 private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[gnu::noinline]] void skip_blanks() noexcept {
    while (at_ != end_ && blank(*at_)) ++at_;
  }

#if defined(__SSE2__)
  // Which of the next sixteen bytes is the first that does not simply stand in a string; 16: none.
  unsigned first_special() const noexcept {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
    // As signed numbers controls and what is not ASCII are both below the blank.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)));
    return static_cast<unsigned>(
        std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(special)) | 0x10000U));
  }
#endif
  bool long_string(std::string_view& raw, bool& escaped) noexcept {
    const char* const begin = at_;
    while (true) {
      skip_plain();
      if (at_ == end_) return false;
      if (*at_ == '"') {
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (*at_ == '\\') {
        escaped = true;
        if (!escape()) return false;
      } else {
        const std::size_t length = static_cast<unsigned char>(*at_) < 0x80 ? 0 : utf8_length({at_, left()});
        if (length == 0) return false;  // a control, or no UTF-8
        at_ += length;
      }
    }
  }
  void skip_plain() noexcept {
#if defined(__SSE2__)
    while (left() >= 16) {
      const unsigned stop = first_special();
      at_ += stop;
      if (stop < 16) return;
    }
#endif
    while (at_ != end_ && *at_ >= 0x20 && *at_ != '"' && *at_ != '\\') ++at_;
  }
  bool escape() noexcept {
    if (left() < 2) return false;
    if (at_[1] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(at_[1]) == std::string_view::npos) return false;
      at_ += 2;
      return true;
    }
    const auto unit_here = [this] { return code_unit({at_, left()}, 0); };
    const int unit = unit_here();
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
    at_ += 6;
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    const int low = unit_here();
    if (low < 0xDC00 || low > 0xDFFF) return false;
    at_ += 6;
    return true;
  }

  const char* at_;
  const char* const end_;
};

void append_utf8(std::string& out, unsigned point) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  const auto tail = [point](unsigned shift) { return 0x80U | ((point >> shift) & 0x3FU); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0U | (point >> 6U));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(tail(6));
  } else {
    put(0xF0U | (point >> 18U));
    put(tail(12));
    put(tail(6));
  }
  put(tail(0));
}

/// What the string means whose escapes Walk has found right.
std::string unescape(std::string_view raw) {
  constexpr std::string_view names = "bfnrt", meanings = "\b\f\n\r\t";
  std::string out;
  out.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t slash = std::min(raw.find('\\', at), raw.size());
    out.append(raw, at, slash - at);
    if (slash == raw.size()) break;
    const char c = raw[slash + 1];
    at = slash + 2;
    if (c != 'u') {
      const std::size_t which = names.find(c);
      out += which == names.npos ? c : meanings[which];
      continue;
    }
    auto point = static_cast<unsigned>(code_unit(raw, slash));
    at = slash + 6;
    if (point >= 0xD800 && point <= 0xDBFF) {
      point = 0x10000 + ((point - 0xD800) << 10U) + (static_cast<unsigned>(code_unit(raw, at)) - 0xDC00);
      at += 6;
    }
    append_utf8(out, point);
  }
  return out;
}

/// Members that may come once: a second one of a name is for those who keep the last.
class Once {
 public:
  bool first(unsigned which) noexcept {
    const unsigned bit = 1U << which;
    const bool fresh = (seen_ & bit) == 0;
    seen_ |= bit;
    return fresh;
  }

 private:
  unsigned seen_ = 0;
};

class Reader {
 public:
  Reader(std::string_view text, PlainAnswer& answer) noexcept : walk_(text), answer_(answer) {}

  bool frame() {
    bool choices = false;
    const auto member = [&](std::string_view name) {
      if (name == "choices") return !std::exchange(choices, true) && read_choices();
      if (name == "usage") return once_.first(0) && read_usage();
      // An error that is one is none of ours.
      if (name == "error") return once_.first(1) && null();
      return walk_.skip();
    };
    return object(member) && choices && walk_.at_end();
  }

 private:
  template <class Member>
  bool object(const Member& member) {
    if (!walk_.take('{')) return false;
    if (walk_.take('}')) return true;
    for (bool more = true; more;) {
      std::string_view name;
      if (!walk_.name(name) || !member(name) || !walk_.next(more)) return false;
    }
    return true;
  }
  bool null() noexcept { return walk_.peek() == 'n' && walk_.word("null"); }

  /// A text, or null in the place of an empty one.
  bool read_text(std::string_view& out, std::size_t which) {
    if (null()) return true;
    std::string_view raw;
    bool escaped = false;
    if (!walk_.string(raw, escaped)) return false;
    out = escaped ? std::string_view(answer_.unescaped[which] = unescape(raw)) : raw;
    if (which == 0) answer_.content_as_written = raw;
    return true;
  }

  bool read_choices() {
    if (!walk_.take('[')) return false;
    if (walk_.take(']')) return true;
    answer_.choice = true;
    Once once;
    const auto member = [&](std::string_view name) {
      if (name == "message") return once.first(0) && read_message(PlainAnswer::Said::message);
      if (name == "delta") return once.first(0) && read_message(PlainAnswer::Said::delta);
      if (name == "finish_reason") return once.first(1) && read_finish_reason();
      if (name == "index") return once.first(2) && walk_.peek() == '0' && walk_.skip();
      // What is not null is for others: log probabilities go on, errors and usage count.
      return name == "logprobs" || name == "error" || name == "usage" ? null() : walk_.skip();
    };
    return object(member) && walk_.take(']');
  }

  bool read_finish_reason() {
    std::string_view raw;
    bool escaped = false;
    if (null()) return true;
    if (!walk_.string(raw, escaped) || escaped) return false;
    answer_.finish_reason = raw;
    return true;
  }

  bool read_message(PlainAnswer::Said said) {
    answer_.said = said;
    Once once;
    const auto member = [&](std::string_view name) {
      if (name == "role") return walk_.skip();
      if (name == "content") return once.first(0) && read_text(answer_.content, 0);
      if (name == "refusal") return once.first(1) && read_text(answer_.refusal, 1);
      // Two names of one thing.
      if (name == "reasoning_content" || name == "reasoning") {
        return null() || (once.first(2) && read_text(answer_.reasoning, 2) && !answer_.reasoning.empty());
      }
      if (name == "function_call") return null();
      return walk_.skip();
    };
    return object(member);
  }

  /// A count of tokens: 0 to 10^12, or null for one that is not said.
  bool read_count(std::uint64_t& out) {
    constexpr std::size_t most_digits = 12;
    if (null()) return true;
    std::string_view raw;
    bool whole = false;
    walk_.peek();
    if (!walk_.number(raw, whole) || !whole || raw.size() > most_digits) return false;
    out = 0;
    for (const char c : raw) out = out * 10 + static_cast<std::uint64_t>(c - '0');
    return true;
  }
  bool read_details(std::string_view wanted, std::uint64_t& out) {
    if (null()) return true;
    Once once;
    const auto member = [&](std::string_view name) {
      return name == wanted ? once.first(0) && read_count(out) : walk_.skip();
    };
    return object(member);
  }
  bool read_usage() {
    if (null()) return true;
    answer_.usage_said = true;
    Once once;
    Usage& usage = answer_.usage;
    const auto member = [&](std::string_view name) {
      if (name == "prompt_tokens") return once.first(0) && read_count(usage.input);
      if (name == "completion_tokens") return once.first(1) && read_count(usage.output);
      if (name == "prompt_tokens_details")
        return once.first(2) && read_details("cached_tokens", usage.cached);
      if (name == "completion_tokens_details")
        return once.first(3) && read_details("reasoning_tokens", usage.reasoning);
      // Other names of these figures.
      constexpr std::string_view others[] = {
          "input_tokens",      "output_tokens",           "input_tokens_details", "output_tokens_details",
          "num_cached_tokens", "prompt_cache_hit_tokens", "reasoning_tokens"};
      for (const std::string_view other : others)
        if (name == other) return false;
      return walk_.skip();
    };
    return object(member);
  }

  Walk walk_;
  PlainAnswer& answer_;
  Once once_;
};

}  // namespace

bool read_plain_answer(std::string_view text, PlainAnswer& answer) { return Reader(text, answer).frame(); }

void LikeFrames::learn(std::string_view text, const PlainAnswer& answer) {
  constexpr std::size_t most = 1'024;
  const std::string_view content = answer.content_as_written;
  const bool text_alone = answer.said == PlainAnswer::Said::delta && content.data() != nullptr &&
                          answer.finish_reason.empty() && !answer.usage_said && answer.reasoning.empty() &&
                          answer.refusal.empty();
  around_.clear();
  if (!text_alone || text.size() - content.size() > most) return;
  before_ = static_cast<std::size_t>(content.data() - text.data());
  around_.append(text, 0, before_);
  around_.append(text, before_ + content.size());
}

bool LikeFrames::read(std::string_view text, PlainAnswer& answer) const {
  const std::string_view before = std::string_view(around_).substr(0, before_);
  const std::string_view behind = std::string_view(around_).substr(before.size());
  if (around_.empty() || text.size() < around_.size() || !text.starts_with(before) || !text.ends_with(behind))
    return false;
  // From its opening quote to its closing one, which must be the one that `behind` begins with.
  Walk walk(text.substr(before.size() - 1, text.size() - around_.size() + 2));
  std::string_view raw;
  bool escaped = false;
  if (!walk.string(raw, escaped) || !walk.at_end()) return false;
  answer.choice = true;
  answer.said = PlainAnswer::Said::delta;
  answer.content = escaped ? std::string_view(answer.unescaped[0] = unescape(raw)) : raw;
  return true;
}

}  // namespace freellmapi::sdk
