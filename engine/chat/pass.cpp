#include "chat/pass.hpp"

#include "base/text.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::chat {

bool Pass::wrong(std::string_view code, std::string_view param, std::string_view message) {
  if (!scan.failed()) fault = Fault{400, std::string{code}, std::string{param}, std::string{message}};
  return false;
}

bool Pass::within(std::string_view outer) {
  if (scan.failed()) return false;
  const bool direct = fault.param.empty() || fault.param.front() == '[';
  fault.param.insert(0, std::string{outer} + (direct ? "" : "."));
  return false;
}

bool Pass::within(std::string_view outer, std::size_t index) {
  return within(std::string{outer} + "[" + std::to_string(index) + "]");
}

namespace {

/// Neither small letters nor blanks nor wide: what tokenizers cut small.
std::size_t dense_bytes(std::string_view text) noexcept {
  std::size_t dense = 0, at = 0;
#if defined(__SSE2__)
  const __m128i before_a = _mm_set1_epi8('a' - 1), behind_z = _mm_set1_epi8('z' + 1);
  const __m128i blank = _mm_set1_epi8(' '), one = _mm_set1_epi8(1), zero = _mm_setzero_si128();
  __m128i sums = zero;
  for (; at + 16 <= text.size(); at += 16) {
    // As signed numbers, wide bytes are below the blank too.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i small = _mm_and_si128(_mm_cmpgt_epi8(bytes, before_a), _mm_cmplt_epi8(bytes, behind_z));
    const __m128i found = _mm_andnot_si128(small, _mm_cmpgt_epi8(bytes, blank));
    sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_and_si128(found, one), zero));
  }
  dense = static_cast<std::size_t>(_mm_cvtsi128_si64(sums)) +
          static_cast<std::size_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
#endif
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool small = static_cast<unsigned char>(byte - 'a') < 26;
    dense += static_cast<std::size_t>(!small && byte > ' ' && byte < 0x80);
  }
  return dense;
}

}  // namespace

void Pass::count(std::string_view raw, std::size_t wide) noexcept {
  facts.text_bytes += raw.size();
  facts.wide_bytes += wide;
  facts.dense_bytes += dense_bytes(raw);
}

bool Pass::text(std::string_view param, JsonText& out) {
  if (scan.peek() != JsonType::string) return wrong_type(param, "a string");
  return scan.string(out);
}

bool Pass::counted_text(std::string_view param, JsonText& out) {
  if (!text(param, out)) return false;
  count(out.raw, out.wide);
  return true;
}

std::string_view Pass::value(const Element& element) const {
  return base::trim(scan.view(element.value.begin, element.value.end));
}

}  // namespace freellmapi::chat
