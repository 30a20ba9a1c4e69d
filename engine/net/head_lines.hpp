// The grammar of a head, read in one walk. As strict as Beast's parser, which the tests hold it against.
#pragma once

#include <cstddef>
#include <string>
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

/// `bytes` hold one whole head, to its empty line; names become lower case where they lie. `fields` is
/// cleared first and gets at most `most`.
HeadFault read_request_lines(std::string& bytes, std::size_t most, FirstLine& first,
                             std::vector<Field>& fields);
HeadFault read_response_lines(std::string& bytes, std::size_t most, FirstLine& first,
                              std::vector<Field>& fields);

}  // namespace freellmapi::net
