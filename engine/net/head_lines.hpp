// The grammar of a head, read in one walk. As strict as Beast's parser, which the tests hold it against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/exchange.hpp"

namespace freellmapi::net {

enum class HeadFault {
  none,
  line,      ///< the first line is none of a request or an answer
  version,   ///< ... but for its version
  field,     ///< a line that is not `name: value`, a control byte, a Connection that is no list of tokens
  too_many,  ///< fields
};

/// Views into the head's bytes.
struct FirstLine {
  std::string_view method, target;  ///< of a request
  int status = 0;                   ///< of an answer
  int version = 11;                 ///< 10 or 11
};

/// What frames a message, noted while its fields are read.
struct Framing {
  /// Fields of one name: how many came, and which of all fields was the last.
  struct Noted {
    unsigned count = 0, at = 0;
  };
  Noted host, expect, content_length, content_encoding, transfer_encoding;
  bool close = false;  ///< a Connection says so
  NameMarks marks;     ///< of all fields
};

struct HeadLines {
  FirstLine first;
  Framing framing;
  std::size_t size = 0;  ///< of the head with its empty line
};

/// `bytes` begin with a head; what follows it is not looked at. Names become lower case where they lie.
/// `lines` is as made; `fields` is cleared first and gets at most `most`. A head that is not whole has some
/// fault.
HeadFault read_request_lines(std::span<char> bytes, std::size_t most, HeadLines& lines,
                             std::vector<Field>& fields);
HeadFault read_response_lines(std::span<char> bytes, std::size_t most, HeadLines& lines,
                              std::vector<Field>& fields);

}  // namespace freellmapi::net
