#include "chat/tool_text.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "chat/assemble.hpp"
#include "chat/json_scan.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_head = 1'024;       // from a mark to the arguments
constexpr std::size_t most_undecided = 4'096;  // of JSON that may become a call
constexpr std::size_t most_held = Assembler::most_arguments + 2 * most_undecided;

// Whether a fenced block begins here, with a short word behind the fence at most, and where its inside does.
Fit fenced(std::string_view text, std::size_t& inside) noexcept {
  constexpr std::size_t longest = 16;
  const Fit fence = word_at(text, 0, "```");
  if (fence != Fit::whole) return fence;
  const std::size_t end = name_end(text, 3);
  if (end > longest) return Fit::none;
  inside = skip_blanks(text, end);
  return inside == text.size() ? Fit::partly : Fit::whole;
}

}  // namespace

Fed ToolText::feed(std::string_view piece, TextTaker& out) {
  if (piece.empty()) return Fed::ok;
  if (buffer_.empty() && phase_ == Phase::text && !after_call_ &&
      std::memchr(piece.data(), '<', piece.size()) == nullptr) {
    last_ = piece.back();
    return give(piece, out);
  }
  std::size_t at = 0;
  if (buffer_.empty()) {
    if (const Fed fed = work(piece, at, out); fed != Fed::ok) return fed;
    buffer_.assign(piece.substr(at));
  } else {
    buffer_ += piece;
    if (const Fed fed = work(buffer_, at, out); fed != Fed::ok) return fed;
    buffer_.erase(0, at);
  }
  return buffer_.size() > most_held ? Fed::too_long : Fed::ok;
}

Fed ToolText::work(std::string_view in, std::size_t& at, TextTaker& out) {
  Step step = Step::on;
  while (step == Step::on) {
    const std::size_t begin_at = at;
    switch (phase_) {
      case Phase::begin:
        step = begin(in, at);
        break;
      case Phase::json:
        step = json(in, at);
        break;
      case Phase::json_end:
        step = json_end(in, at);
        break;
      case Phase::text:
        step = text(in, at, out);
        break;
      case Phase::object:
        step = object(in, at);
        break;
      case Phase::parameters:
        step = parameters(in, at);
        break;
    }
    if (step == Step::malformed && example_) {
      text_fed_ = give_back(in.substr(begin_at, at - begin_at), out);
      step = Step::on;
    }
    if (text_fed_ != Fed::ok) return text_fed_;
  }
  if (at > 0) last_ = in[at - 1];
  return step == Step::malformed ? Fed::malformed : Fed::ok;
}

// Fences of code that pass by are counted: between two of them stand examples.
void ToolText::pass_over(std::string_view text) noexcept {
  if (text.empty() || (ticks_ == 0 && std::memchr(text.data(), '`', text.size()) == nullptr)) return;
  for (const char c : text) {
    ticks_ = c == '`' ? ticks_ + 1 : 0;
    if (ticks_ == 3) in_fence_ = !in_fence_;
  }
}

Fed ToolText::give(std::string_view text, TextTaker& out) {
  pass_over(text);
  return out.on_text(text);
}

// What looked like a call is an example of one.
Fed ToolText::give_back(std::string_view body, TextTaker& out) {
  phase_ = Phase::text;
  example_ = after_call_ = false;
  calls_.resize(calls_before_);
  if (const Fed fed = out.on_text(head_); fed != Fed::ok || body.empty()) return fed;
  return give(body, out);
}

// Is the answer JSON? Blanks before it are held with it.
ToolText::Step ToolText::begin(std::string_view in, std::size_t at) {
  const std::size_t first = skip_blanks(in, at);
  std::size_t inside = 0;
  const Fit fence = first == in.size() ? Fit::partly
                    : in[first] == '`' ? fenced(in.substr(first), inside)
                                       : Fit::none;
  const std::size_t value = first + inside;
  const bool too_far = value - at > most_undecided;
  if (fence == Fit::partly && !too_far) return Step::wait;
  const bool json = !too_far && !offered_.json_wanted && (in[value] == '{' || in[value] == '[');
  json_at_ = value - at;
  phase_ = json ? Phase::json : Phase::text;
  return Step::on;
}

void ToolText::no_json() noexcept {
  phase_ = Phase::text;
  end_ = {};
}

ToolText::Step ToolText::json(std::string_view in, std::size_t at) {
  const std::string_view value = in.substr(at + json_at_, most_undecided);
  const Sign sign = sign_of_call(value, offered_);
  if (sign == Sign::unknown && value.size() < most_undecided) return Step::wait;
  if (sign == Sign::call) {
    phase_ = Phase::json_end;
  } else {
    no_json();
  }
  return Step::on;
}

// To the end of the value; what follows it other than the fence's end makes the answer text.
ToolText::Step ToolText::json_end(std::string_view in, std::size_t at) {
  const std::string_view value = in.substr(at + json_at_);
  if (body_ == Body::none) {
    if (!end_.found(value)) return Step::wait;
    body_ = Body::whole_call;
    searched_ = end_.at();
  }
  while (searched_ < value.size() && (is_blank(value[searched_]) || value[searched_] == '`')) ++searched_;
  if (searched_ == value.size()) return Step::wait;
  body_ = Body::none;
  no_json();
  return Step::on;
}

// Text up to the next mark.
ToolText::Step ToolText::text(std::string_view in, std::size_t& at, TextTaker& out) {
  if (after_call_) {
    // ')' and a fence close the arguments of those who wrap them.
    const std::size_t close = at;
    while (at < in.size() && (is_blank(in[at]) || in[at] == ')' || in[at] == '`')) ++at;
    pass_over(in.substr(close, at - close));
    if (at == in.size()) return Step::wait;
    if (in[at] != '<') after_call_ = false;
  }
  std::size_t run = at, look = at;
  const auto say = [&](std::size_t end) {
    if (end > run) text_fed_ = give(in.substr(run, end - run), out);
    run = end;
  };
  for (;;) {
    look = std::min(in.find('<', look), in.size());
    if (look == in.size()) break;
    const char before = look > 0 ? in[look - 1] : last_;
    Mark kind = Mark::closing;
    std::size_t size = 0;
    const bool quoted = before == '`' || before == '"' || before == '\'';
    Fit fit = quoted && !after_call_ ? Fit::none : find_mark(in.substr(look), kind, size);
    if (fit == Fit::whole && kind == Mark::closing && calls_.empty() && !announced_) fit = Fit::none;
    if (fit == Fit::none) {
      after_call_ = false;
      ++look;
      continue;
    }
    say(look);
    at = look;
    if (fit == Fit::partly) return Step::wait;
    if (kind == Mark::closing || kind == Mark::section) {
      announced_ = announced_ || kind == Mark::section;
      after_call_ = true;
      ticks_ = 0;
      at += size;
      return Step::on;
    }
    const Step step = mark(in, at);
    if (step != Step::on || phase_ != Phase::text || after_call_) return step;
    ++look;  // no mark after all; it goes out with what follows
  }
  say(in.size());
  at = in.size();
  return Step::wait;
}

// A call begins at `at`, as it seems.
ToolText::Step ToolText::mark(std::string_view in, std::size_t& at) {
  example_ = false;
  const std::string_view rest = in.substr(at, most_head);
  CallHead found = read_head(rest, offered_);
  if (found.kind == CallHead::Kind::wait && rest.size() == most_head) found.kind = CallHead::Kind::text;
  if (found.kind == CallHead::Kind::malformed && in_fence_) found.kind = CallHead::Kind::text;
  switch (found.kind) {
    case CallHead::Kind::wait:
      return Step::wait;
    case CallHead::Kind::text:
      after_call_ = false;
      return Step::on;
    case CallHead::Kind::malformed:
      return Step::malformed;
    case CallHead::Kind::call:
      break;
  }
  const std::string_view head = in.substr(at, found.size);
  example_ = in_fence_;
  calls_before_ = calls_.size();
  if (example_) head_ = head;
  pass_over(head);
  at += found.size;
  tool_ = found.tool;
  body_ = found.body;
  end_ = {};
  searched_ = 0;
  after_call_ = false;
  if (body_ == Body::none) return take("{}");
  phase_ = body_ == Body::parameters ? Phase::parameters : Phase::object;
  return Step::on;
}

ToolText::Step ToolText::take(std::string arguments) {
  phase_ = Phase::text;
  after_call_ = true;
  announced_ = false;
  if (body_ == Body::whole_call) {
    const std::size_t before = calls_.size();
    if (read_json_calls(std::move(arguments), offered_, true, calls_) != Held::calls) return Step::malformed;
    for (std::size_t i = before; i < calls_.size(); ++i)
      if (!repair_arguments(calls_[i].arguments)) return Step::malformed;
    return calls_.size() > Assembler::most_calls ? Step::malformed : Step::on;
  }
  if (calls_.size() >= Assembler::most_calls || !repair_arguments(arguments)) return Step::malformed;
  calls_.push_back({std::string{tool_->name}, std::move(arguments)});
  return Step::on;
}

ToolText::Step ToolText::object(std::string_view in, std::size_t& at) {
  const std::string_view value = in.substr(at);
  if (!end_.found(value)) return Step::wait;
  at += end_.at();
  return take(std::string{value.substr(0, end_.at())});
}

// To the tag that closes the call: one that stands behind a whole parameter, for values may hold such tags.
ToolText::Step ToolText::parameters(std::string_view in, std::size_t& at) {
  const std::string_view value = in.substr(at);
  for (;;) {
    const std::size_t close = value.find("</", searched_);
    if (close == std::string_view::npos) break;
    const Fit function = word_at(value, close, "</function>"), call = word_at(value, close, "</tool_call>");
    if (function == Fit::partly || call == Fit::partly) {
      searched_ = close;
      return Step::wait;
    }
    searched_ = close + 2;
    const std::string_view inside = base::trim(value.substr(0, close));
    const bool whole = inside.empty() || inside.ends_with("</parameter>") || inside.ends_with("</arg_value>");
    if ((function == Fit::none && call == Fit::none) || !whole) continue;
    // What is none is passed by as a whole: calls within it, if it is an example, are not looked for.
    at += close;
    std::string arguments;
    return read_parameters(inside, *tool_, arguments) ? take(std::move(arguments)) : Step::malformed;
  }
  searched_ = value.ends_with('<') ? value.size() - 1 : value.size();
  return Step::wait;
}

Fed ToolText::finish(TextTaker& out) {
  if (phase_ == Phase::json_end) {
    if (body_ == Body::none) return Fed::malformed;  // cut
    std::string value = buffer_.substr(json_at_, end_.at());
    const Held held = read_json_calls(std::move(value), offered_, false, calls_);
    bool sound = held != Held::broken && calls_.size() <= Assembler::most_calls;
    for (WrittenCall& call : calls_) sound = sound && repair_arguments(call.arguments);
    if (!sound) return Fed::malformed;
    if (held == Held::calls) {
      buffer_.clear();
      return Fed::ok;
    }
    no_json();
  }
  return cut(out);
}

// A word that no offered tool's name begins with.
bool ToolText::is_strange_word(std::string_view text) const noexcept {
  const std::string_view word = base::trim(text);
  return !word.empty() && name_end(word, 0) == word.size() &&
         std::none_of(offered_.tools.begin(), offered_.tools.end(),
                      [word](const OfferedTool& tool) { return tool.name.starts_with(word); });
}

// The last call's closing tag may be missing.
bool ToolText::take_last() {
  const std::string_view inside = base::trim(buffer_);
  std::string arguments;
  const bool whole = inside.ends_with("</parameter>") || inside.ends_with("</arg_value>");
  if (!whole || !read_parameters(inside, *tool_, arguments)) return false;
  if (take(std::move(arguments)) == Step::on) return true;
  phase_ = Phase::parameters;
  return false;
}

// What the end of the answer leaves behind.
Fed ToolText::cut(TextTaker& out) {
  if (phase_ == Phase::parameters && take_last()) {
    buffer_.clear();
    return Fed::ok;
  }
  if (phase_ == Phase::parameters || phase_ == Phase::object) {
    if (!example_) return Fed::malformed;
    const std::string rest = std::exchange(buffer_, {});
    return give_back(rest, out);
  }
  if (phase_ != Phase::text) no_json();
  // Text that might have become JSON may hold a mark.
  std::size_t at = 0;
  if (const Fed fed = work(buffer_, at, out); fed != Fed::ok) return fed;
  buffer_.erase(0, at);
  if (phase_ != Phase::text) return cut(out);
  Mark kind = Mark::closing;
  std::size_t size = 0;
  const bool marked = !in_fence_ && find_mark(buffer_, kind, size) == Fit::whole;
  if (announced_ || (marked && !(kind == Mark::tagged && is_strange_word(buffer_.substr(size)))))
    return Fed::malformed;
  const std::string rest = std::exchange(buffer_, {});
  return rest.empty() ? Fed::ok : out.on_text(rest);
}

}  // namespace freellmapi::chat
