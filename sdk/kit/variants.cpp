#include "kit/variants.hpp"

namespace freellmapi::kit {
namespace {

std::string_view name_of(Aspect aspect) {
  switch (aspect) {
    case Aspect::byte_by_byte:
      return "byte-by-byte";
    case Aspect::every_cut:
      return "every-cut";
    case Aspect::crlf:
      return "crlf";
    case Aspect::cr:
      return "cr";
    case Aspect::comments:
      return "comments";
    case Aspect::no_space:
      return "no-space";
    default:
      return "whole";
  }
}

std::string with_other_lines(const std::string& body, Aspect aspect) {
  if (aspect == Aspect::crlf) return replaced(body, "\n", "\r\n");
  if (aspect == Aspect::cr) return replaced(body, "\n", "\r");
  if (aspect == Aspect::comments) return ": ping\n\n" + replaced(body, "\n\n", "\n\n: ping\n\n:\n");
  std::string tight = replaced(body, "\ndata: ", "\ndata:");
  if (tight.starts_with("data: ")) tight.erase(5, 1);
  return tight;
}

}  // namespace

std::vector<Variant> variants(const Fixture& fixture, Aspect aspect) {
  if (!fixture.runs(name_of(aspect))) return {};
  return variants(*fixture.answer, aspect);
}

std::vector<Variant> variants(const Answer& answer, Aspect aspect) {
  const std::string& body = answer.body;
  const std::string name(name_of(aspect));
  std::vector<Variant> out;
  if (aspect == Aspect::whole) {
    out.push_back({name, body, {}});
  } else if (aspect == Aspect::byte_by_byte) {
    out.push_back({name, body, {}});
    for (std::size_t i = 1; i < body.size(); ++i) out.back().cuts.push_back(i);
  } else if (aspect == Aspect::every_cut) {
    if (body.size() > every_cut_limit) return out;
    for (std::size_t i = 1; i < body.size(); ++i)
      out.push_back({name + " at " + std::to_string(i), body, {i}});
  } else if (answer.is_event_stream() && (aspect == Aspect::no_space || body.find('\r') == body.npos)) {
    out.push_back({name, with_other_lines(body, aspect), {}});
  }
  return out;
}

std::vector<std::string_view> pieces(const Variant& variant) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  for (const std::size_t cut : variant.cuts) {
    out.push_back(std::string_view(variant.body).substr(from, cut - from));
    from = cut;
  }
  out.push_back(std::string_view(variant.body).substr(from));
  return out;
}

std::optional<std::string> without_done(const std::string& body) {
  std::size_t at = body.find("data: [DONE]");
  if (at == body.npos) at = body.find("data:[DONE]");
  if (at == body.npos) return std::nullopt;
  return body.substr(0, at);
}

}  // namespace freellmapi::kit
