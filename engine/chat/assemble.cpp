#include "chat/assemble.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "chat/edits.hpp"
#include "chat/json_scan.hpp"
#include "chat/schema.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::uint64_t most_tokens = 1'000'000'000;  // in one answer; more is a fault of the provider's
constexpr std::size_t longest_id = 256, longest_name = 256;

constexpr std::array<std::string_view, 6> choice_members{"index",         "message", "delta",
                                                         "finish_reason", "text",    "role"};
constexpr std::array<std::string_view, 7> answer_members{"id",      "object", "created", "model",
                                                         "choices", "usage",  "error"};

template <std::size_t n>
bool among(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One line of valid JSON: a line break may only stand between tokens, and there a blank does as well.
bool make_one_line(std::string& json) {
  if (check_json(json)) return false;
  std::replace_if(
      json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  json = std::string{base::trim(json)};
  return true;
}

bool is_object(std::string& json) {
  JsonScan scan(json);
  return scan.peek() == JsonType::object && scan.skip() && scan.finish();
}

// The items of logprobs.content, without the brackets.
std::string_view logprob_items(std::string& json) {
  JsonScan scan(json);
  if (scan.peek() != JsonType::object) return {};
  Members members(scan);
  while (members.next()) {
    const bool content = members.name() == "content" && scan.peek() == JsonType::array;
    const std::size_t begin = scan.offset();
    if (!scan.skip()) return {};
    if (content) return base::trim(scan.view(begin + 1, scan.offset() - 1));
  }
  return {};
}

std::optional<std::uint64_t> sane(const std::optional<std::uint64_t>& said) {
  return said && *said <= most_tokens ? said : std::nullopt;
}

void keep_later(std::optional<std::uint64_t>& figure, const std::optional<std::uint64_t>& said) {
  if (const auto value = sane(said)) figure = value;
}

bool is_blank(std::string_view text) noexcept { return base::trim(text).empty(); }

std::optional<Finish> finish_named(std::string_view reason) {
  for (const Finish finish : {Finish::stop, Finish::length, Finish::tool_calls, Finish::content_filter})
    if (name(finish) == reason) return finish;
  return std::nullopt;
}

}  // namespace

bool repair_arguments(std::string& arguments) {
  const std::string_view trimmed = base::trim(arguments);
  if (trimmed.empty() || trimmed == "null") {
    arguments = "{}";
    return true;
  }
  if (trimmed.front() != '"') return is_object(arguments);
  JsonScan scan(arguments);
  JsonText inner;
  if (!scan.string(inner) || !scan.finish()) return false;
  std::string once = inner.unescaped();
  if (base::trim(once).empty()) once = "{}";
  if (!is_object(once)) return false;
  arguments = std::move(once);
  return true;
}

Assembler::Assembler(EventTaker* taker, const Offered& offered) : taker_(taker) {
  if (!offered.tools.empty()) written_ = std::make_unique<ToolText>(offered);
  if (offered.checked) checked_ = offered.tools;
  if (offered.form.wanted()) hold_ = std::make_unique<JsonHold>(offered.form);
}

// Beside calls that the provider made itself, a broken one in the text is of no importance.
Fed Assembler::believed(Fed written) {
  if (written != Fed::malformed || !has_calls()) return written;
  written_.reset();
  return Fed::ok;
}

Fed Assembler::finish_text() {
  if (!written_) return Fed::ok;
  if (const Fed fed = believed(written_->finish(*this)); fed != Fed::ok || !written_ || has_calls())
    return fed;
  for (WrittenCall& call : written_->calls()) {
    Collected& made = pieces_.emplace_back();
    made.call.name = std::move(call.name);
    made.call.arguments = std::move(call.arguments);
  }
  written_.reset();
  return Fed::ok;
}

Fed Assembler::spoken(Event::Kind kind, std::string& whole, std::string_view piece) {
  if (piece.empty()) return Fed::ok;
  if (piece.size() > most_text - whole.size()) return Fed::too_long;
  whole += piece;
  Event event;
  event.kind = kind;
  event.text = piece;
  give(event);
  return Fed::ok;
}

Fed Assembler::held_text(std::string_view piece) {
  if (hold_->waiting() && piece.size() > most_text - hold_->size()) return Fed::too_long;
  std::string_view out;
  if (const Fed fed = hold_->feed(piece, out); fed != Fed::ok) return fed;
  if (out.empty()) return Fed::ok;
  if (answer_.text.empty()) release_reasoning();
  return spoken(Event::Kind::text, answer_.text, out);
}

Fed Assembler::held_reasoning(std::string_view piece) {
  if (piece.size() > most_text - answer_.reasoning.size()) return Fed::too_long;
  answer_.reasoning += piece;
  return Fed::ok;
}

Fed Assembler::finish_held(Finish finish) {
  const bool waited = hold_->waiting();
  const bool silent = hold_->size() == 0 && is_blank(answer_.reasoning);  // empty: for others to judge
  const bool exempt = finish == Finish::length || finish == Finish::content_filter || has_calls() ||
                      !answer_.refusal.empty() || (waited && silent);
  std::string rest;
  const Fed fed = hold_->finish(exempt, rest);
  if (!waited) return fed;
  if (fed != Fed::ok) {
    refused_bytes_ = rest.size();
    return fed;
  }
  answer_.text = std::move(rest);
  release_reasoning();
  give_in_pieces(Event::Kind::text, answer_.text);
  return Fed::ok;
}

void Assembler::release_reasoning() { give_in_pieces(Event::Kind::reasoning, answer_.reasoning); }

// Lines of a stream that clients' readers take.
void Assembler::give_in_pieces(Event::Kind kind, std::string_view text) {
  while (!text.empty()) {
    std::size_t size = std::min(text.size(), std::size_t{8} << 10);
    while (size > 1 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
      --size;
    Event event;
    event.kind = kind;
    event.text = text.substr(0, size);
    give(event);
    text.remove_prefix(size);
  }
}

Assembler::Collected* Assembler::open_call(const ToolPiece& piece) {
  const auto last = std::find_if(pieces_.rbegin(), pieces_.rend(),
                                 [&](const Collected& c) { return c.index == piece.index; });
  const bool another = last != pieces_.rend() && !piece.id.empty() && !piece.name.empty() &&
                       !last->call.id.empty() && last->call.id != piece.id;
  if (last != pieces_.rend() && !another) return &*last;
  if (pieces_.size() >= most_calls) return nullptr;
  Collected& made = pieces_.emplace_back();
  made.index = piece.index;
  return &made;
}

Fed Assembler::tool(const ToolPiece& piece) {
  if (piece.id.size() > longest_id || piece.name.size() > longest_name) return Fed::too_long;
  Collected* const collected = open_call(piece);
  if (collected == nullptr) return Fed::too_long;
  ToolCall& call = collected->call;
  if (call.id.empty()) call.id = piece.id;
  if (call.name.empty()) call.name = piece.name;
  if (piece.arguments.size() > most_arguments - call.arguments.size()) return Fed::too_long;
  call.arguments += piece.arguments;
  if (piece.extra.size() > most_extra) return Fed::too_long;
  if (!piece.extra.empty()) call.extra = piece.extra;
  return Fed::ok;
}

Fed Assembler::extra(bool in_choice, std::string_view name, std::string_view json) {
  if (json.size() > most_extra || name.size() > longest_name) return Fed::too_long;
  if (name.empty() || (in_choice ? among(choice_members, name) : among(answer_members, name))) return Fed::ok;
  Extra made{in_choice, std::string{name}, std::string{json}};
  if (!make_one_line(made.json)) return Fed::ok;
  Event event;
  event.kind = Event::Kind::extra;
  event.extra = &made;
  give(event);
  const auto same = std::find_if(answer_.extras.begin(), answer_.extras.end(),
                                 [&](const Extra& e) { return e.in_choice == in_choice && e.name == name; });
  const bool there = same != answer_.extras.end();
  if (in_choice && name == "logprobs") {
    merge_logprobs(there ? &*same : nullptr, std::move(made));
  } else if (there) {
    same->json = std::move(made.json);
  } else {
    keep(std::move(made));
  }
  return Fed::ok;
}

void Assembler::keep(Extra extra) {
  if (answer_.extras.size() < most_extras) answer_.extras.push_back(std::move(extra));
}

// A stream brings them piece by piece, an answer has them in one list.
void Assembler::merge_logprobs(Extra* before, Extra more) {
  const std::string_view items = logprob_items(more.json);
  const std::size_t end =
      items.empty() ? 0 : static_cast<std::size_t>(items.data() - more.json.data()) + items.size();
  if (before == nullptr) {
    logprobs_end_ = end;
    keep(std::move(more));
  } else if (items.empty()) {
    return;
  } else if (logprobs_end_ == 0) {
    logprobs_end_ = end;
    before->json = std::move(more.json);
  } else if (before->json.size() + items.size() < most_text) {
    before->json.insert(logprobs_end_, 1, ',').insert(logprobs_end_ + 1, items);
    logprobs_end_ += items.size() + 1;
  }
}

void Assembler::usage(const Usage& usage) {
  Usage& known = answer_.usage;
  keep_later(known.input, usage.input);
  keep_later(known.output, usage.output);
  keep_later(known.cached, usage.cached);
  keep_later(known.reasoning, usage.reasoning);
  if (known.cached && known.input) known.cached = std::min(*known.cached, *known.input);
  if (known.reasoning && known.output) known.reasoning = std::min(*known.reasoning, *known.output);
}

bool Assembler::complete(ToolCall& call) {
  if (call.name.empty() || !repair_arguments(call.arguments)) return false;
  if (!checked_.empty()) {
    const OfferedTool* const tool = Offered{checked_}.meant(call.name);
    if (tool == nullptr || !fit_to_schema(call.arguments, tool->parameters, schema_steps_)) return false;
    call.name = tool->name;
  }
  if (!call.extra.empty() && !(is_object(call.extra) && make_one_line(call.extra))) call.extra.clear();
  const bool taken = std::any_of(answer_.calls.begin(), answer_.calls.end(),
                                 [&](const ToolCall& other) { return other.id == call.id; });
  if (call.id.empty() || taken) call.id = base::make_id("call_");
  return true;
}

Fed Assembler::finish(std::string_view reason) {
  if (answer_.finish) return Fed::ok;
  if (const Fed fed = finish_text(); fed != Fed::ok) return fed;
  Finish finish = finish_named(reason).value_or(Finish::stop);
  if (finish == Finish::stop && has_calls()) finish = Finish::tool_calls;
  if (finish == Finish::tool_calls && !has_calls()) finish = Finish::stop;
  answer_.finish = finish;
  for (Collected& collected : pieces_) {
    if (!complete(collected.call)) {
      answer_.calls.clear();
      return Fed::malformed;
    }
    answer_.calls.push_back(std::move(collected.call));
  }
  if (hold_) {
    if (const Fed fed = finish_held(finish); fed != Fed::ok) return fed;
  }
  pieces_.clear();
  for (std::size_t i = 0; i < answer_.calls.size(); ++i) {
    Event event;
    event.kind = Event::Kind::tool_call;
    event.call = &answer_.calls[i];
    event.call_index = static_cast<std::uint32_t>(i);
    give(event);
  }
  return Fed::ok;
}

}  // namespace freellmapi::chat
