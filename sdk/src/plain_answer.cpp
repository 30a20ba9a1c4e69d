#include "plain_answer.hpp"

#include <algorithm>
#include <utility>

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

/// What the string means whose escapes JsonWalk has found right.
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
  bool read_count(std::uint64_t& out) noexcept { return null() || walk_.count(out); }
  bool read_details(std::string_view wanted, std::uint64_t& out) {
    if (null()) return true;
    Once once;
    const auto member = [&](std::string_view name) {
      return name == wanted ? once.first(0) && read_count(out) : walk_.skip();
    };
    return object(member);
  }
  /// Other names of these figures.
  static bool is_another_name(std::string_view name) noexcept {
    switch (name.size()) {
      case 12:
        return name == "input_tokens";
      case 13:
        return name == "output_tokens";
      case 16:
        return name == "reasoning_tokens";
      case 17:
        return name == "num_cached_tokens";
      case 20:
        return name == "input_tokens_details";
      case 21:
        return name == "output_tokens_details";
      case 23:
        return name == "prompt_cache_hit_tokens";
      default:
        return false;
    }
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
      return !is_another_name(name) && walk_.skip();
    };
    return object(member);
  }

  JsonWalk walk_;
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
  JsonWalk walk(text.substr(before.size() - 1, text.size() - around_.size() + 2));
  std::string_view raw;
  bool escaped = false;
  if (!walk.string(raw, escaped) || !walk.at_end()) return false;
  answer.choice = true;
  answer.said = PlainAnswer::Said::delta;
  answer.content = escaped ? std::string_view(answer.unescaped[0] = unescape(raw)) : raw;
  return true;
}

}  // namespace freellmapi::sdk
