// The top-level members: what each may hold and what becomes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chat/pass.hpp"

namespace freellmapi::chat {

enum class Field {
  unknown,  ///< blanked: it never reaches a provider
  messages,
  model,
  stream,
  stream_options,
  max_tokens,
  max_completion_tokens,
  stop,
  tools,
  tool_choice,
  parallel_tool_calls,
  functions,
  function_call,
  response_format,
  reasoning,
  reasoning_effort,
  user,
  plain,  ///< checked by its rule alone
};
constexpr std::size_t field_count = static_cast<std::size_t>(Field::plain) + 1;

/// What a member may hold; null stands for "not said" everywhere but in messages and model.
struct Knob {
  enum class Type { special, number, integer, boolean, text, object, logit_bias, one, text_only, refused };
  std::string_view name;
  Type type = Type::special;
  Field field = Field::plain;
  double low = 0, high = 0;  ///< for numbers and integers
};

/// The knob of a member, or null. Beside OpenAI's own members it knows those that providers share and that
/// are passed on: top_k, min_p, repetition_penalty, reasoning.
const Knob* knob_of(const Element& member) noexcept;

/// Reads a value that is not null by its knob's type; special ones are not for this.
bool read_knob(Pass& pass, const Knob& knob, Element& element);

/// An integer, also spelled 8.0 or 8e0, in which case it is spelled anew.
bool read_integer(Pass& pass, std::string_view param, std::int64_t& out);

/// `stop`: a string or up to 64 of them, of which the first four that are not empty stay. Marks the element
/// when none is left.
bool read_stop(Pass& pass, Element& element);

/// `reasoning_effort` in OpenAI's words; "" when it says nothing. `respelled` when it was said in other
/// words.
bool read_effort(Pass& pass, std::string_view param, std::string_view& effort, bool& respelled);

}  // namespace freellmapi::chat
