#include "plain_answer.hpp"

#include <algorithm>
#include <cstring>

#include "json_walk.hpp"
#include "utf8.hpp"

namespace freellmapi::sdk {
namespace {

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

/// Appends what the string means whose escapes JsonWalk has found right.
void unescape(std::string_view raw, std::string& out) {
  constexpr std::string_view names = "bfnrt", meanings = "\b\f\n\r\t";
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
}

/// What `raw`, a string of `text`, means. Nothing that `answer` keeps moves: all of it is shorter than the
/// text.
std::string_view meaning(std::string_view raw, std::string_view text, PlainAnswer& answer) {
  std::string& kept = answer.unescaped;
  if (kept.empty()) kept.reserve(text.size());
  const std::size_t from = kept.size();
  unescape(raw, kept);
  return std::string_view(kept).substr(from);
}

/// With the size known here it is a comparison of words, and no call.
template <std::size_t size>
bool is(std::string_view name, const char (&word)[size]) noexcept {
  return name.size() == size - 1 && std::memcmp(name.data(), word, size - 1) == 0;
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

/// Its steps are those of JsonWalk.
class Reader {
 public:
  Reader(std::string_view text, PlainAnswer& answer) noexcept : text_(text), walk_(text), answer_(answer) {}

  bool read() {
    const char* const at = object(walk_.begin(), Of::answer);
    return at != nullptr && choices_ && walk_.at_end(at);
  }

 private:
  /// Whose members they are.
  enum class Of : std::uint8_t { answer, choice, message, usage, input_details, output_details };

  const char* object(const char* at, Of whose) {
    if (walk_.peek(at) != '{') return nullptr;
    if (walk_.peek(++at) == '}') return at + 1;
    for (Once once;; ++at) {
      std::string_view name;
      at = walk_.name(at, name);
      if (at == nullptr) return nullptr;
      walk_.peek(at);
      at = member(at, whose, name, once);
      if (at == nullptr) return nullptr;
      const char c = walk_.peek(at);
      if (c != ',') return c == '}' ? at + 1 : nullptr;
    }
  }

  /// `at` is where its value begins.
  const char* member(const char* at, Of whose, std::string_view name, Once& once) {
    switch (whose) {
      case Of::answer:
        if (is(name, "choices")) return once.first(0) ? choices(at) : nullptr;
        if (is(name, "usage")) return once.first(1) ? usage(at) : nullptr;
        // An error that is one is none of ours.
        return is(name, "error") ? null(at) : walk_.skip(at);
      case Of::choice:
        if (is(name, "message")) return once.first(0) ? message(at, PlainAnswer::Said::message) : nullptr;
        if (is(name, "delta")) return once.first(0) ? message(at, PlainAnswer::Said::delta) : nullptr;
        if (is(name, "finish_reason")) return once.first(1) ? finish_reason(at) : nullptr;
        if (is(name, "index")) return once.first(2) && walk_.peek(at) == '0' ? walk_.skip(at) : nullptr;
        // What is not null is for others: log probabilities go on, errors and usage count.
        return is(name, "logprobs") || is(name, "error") || is(name, "usage") ? null(at) : walk_.skip(at);
      case Of::message:
        if (is(name, "content")) {
          return once.first(0) ? text(at, answer_.content, &answer_.content_as_written) : nullptr;
        }
        if (is(name, "refusal")) return once.first(1) ? text(at, answer_.refusal) : nullptr;
        if (is(name, "reasoning_content") || is(name, "reasoning")) return reasoning(at, once);
        return is(name, "function_call") ? null(at) : walk_.skip(at);
      case Of::usage:
        return figure(at, name, once);
      case Of::input_details:
        if (!is(name, "cached_tokens")) return walk_.skip(at);
        return once.first(0) ? count(at, answer_.usage.cached) : nullptr;
      case Of::output_details:
        if (!is(name, "reasoning_tokens")) return walk_.skip(at);
        return once.first(0) ? count(at, answer_.usage.reasoning) : nullptr;
    }
    return nullptr;
  }

  /// A null, or nothing else.
  const char* null(const char* at) const noexcept {
    return walk_.peek(at) == 'n' ? walk_.word(at, "null") : nullptr;
  }
  bool is_null(const char* at) const noexcept { return walk_.peek(at) == 'n'; }

  /// A text, or null in the place of an empty one.
  const char* text(const char* at, std::string_view& out, std::string_view* as_written = nullptr) {
    if (is_null(at)) return null(at);
    std::string_view raw;
    bool escaped = false;
    at = walk_.string(at, raw, escaped);
    if (at == nullptr) return nullptr;
    out = escaped ? meaning(raw, text_, answer_) : raw;
    if (as_written != nullptr) *as_written = raw;
    return at;
  }
  /// Two names of one thing.
  const char* reasoning(const char* at, Once& once) {
    if (is_null(at)) return null(at);
    if (!once.first(2)) return nullptr;
    at = text(at, answer_.reasoning);
    return answer_.reasoning.empty() ? nullptr : at;
  }

  const char* choices(const char* at) {
    if (walk_.peek(at) != '[') return nullptr;
    choices_ = true;
    if (walk_.peek(++at) == ']') return at + 1;
    answer_.choice = true;
    at = object(at, Of::choice);
    return at != nullptr && walk_.peek(at) == ']' ? at + 1 : nullptr;
  }
  const char* message(const char* at, PlainAnswer::Said said) {
    answer_.said = said;
    return object(at, Of::message);
  }
  const char* finish_reason(const char* at) {
    if (is_null(at)) return null(at);
    bool escaped = false;
    at = walk_.string(at, answer_.finish_reason, escaped);
    return escaped ? nullptr : at;
  }

  const char* usage(const char* at) {
    if (is_null(at)) return null(at);
    answer_.usage_said = true;
    return object(at, Of::usage);
  }
  const char* figure(const char* at, std::string_view name, Once& once) {
    if (is(name, "prompt_tokens")) return once.first(0) ? count(at, answer_.usage.input) : nullptr;
    if (is(name, "completion_tokens")) return once.first(1) ? count(at, answer_.usage.output) : nullptr;
    if (is(name, "prompt_tokens_details")) return once.first(2) ? details(at, Of::input_details) : nullptr;
    if (is(name, "completion_tokens_details"))
      return once.first(3) ? details(at, Of::output_details) : nullptr;
    // Other names of these figures are for others.
    const bool another = is(name, "input_tokens") || is(name, "output_tokens") ||
                         is(name, "reasoning_tokens") || is(name, "num_cached_tokens") ||
                         is(name, "input_tokens_details") || is(name, "output_tokens_details") ||
                         is(name, "prompt_cache_hit_tokens");
    return another ? nullptr : walk_.skip(at);
  }
  const char* details(const char* at, Of whose) { return is_null(at) ? null(at) : object(at, whose); }
  /// A count of tokens: 0 to 10^12, or null for one that is not said.
  [[gnu::noinline]] const char* count(const char* at, std::uint64_t& out) const noexcept {
    return is_null(at) ? null(at) : walk_.count(at, out);
  }

  const std::string_view text_;
  const JsonWalk walk_;
  PlainAnswer& answer_;
  bool choices_ = false;
};

}  // namespace

bool read_plain_answer(std::string_view text, PlainAnswer& answer) { return Reader(text, answer).read(); }

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
  const JsonWalk walk(text.substr(before.size() - 1, text.size() - around_.size() + 2));
  std::string_view raw;
  bool escaped = false;
  const char* const at = walk.string(walk.begin(), raw, escaped);
  if (at == nullptr || !walk.at_end(at)) return false;
  answer.choice = true;
  answer.said = PlainAnswer::Said::delta;
  answer.content = escaped ? meaning(raw, text, answer) : raw;
  return true;
}

}  // namespace freellmapi::sdk
