#include "kit/variants.hpp"

namespace freellmapi::kit {
namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = text.find(what); hit != text.npos; hit = text.find(what, at)) {
    out.append(text.substr(at, hit - at)).append(with);
    at = hit + what.size();
  }
  return out.append(text.substr(at));
}

}  // namespace

std::vector<Variant> variants(const Fixture& fixture) {
  const std::string& body = fixture.answer->body;
  std::vector<Variant> out{{"whole", body, {}}};
  if (fixture.runs("byte-by-byte")) {
    Variant bytes{"byte-by-byte", body, {}};
    for (std::size_t i = 1; i < body.size(); ++i) bytes.cuts.push_back(i);
    out.push_back(std::move(bytes));
  }
  if (fixture.runs("every-cut") && body.size() <= every_cut_limit)
    for (std::size_t i = 1; i < body.size(); ++i)
      out.push_back({"every-cut at " + std::to_string(i), body, {i}});
  if (!fixture.answer->is_event_stream()) return out;
  const bool lf_only = body.find('\r') == body.npos;
  if (lf_only && fixture.runs("crlf")) out.push_back({"crlf", replaced(body, "\n", "\r\n"), {}});
  if (lf_only && fixture.runs("cr")) out.push_back({"cr", replaced(body, "\n", "\r"), {}});
  if (lf_only && fixture.runs("comments"))
    out.push_back({"comments", ": ping\n\n" + replaced(body, "\n\n", "\n\n: ping\n\n:\n"), {}});
  if (fixture.runs("no-space")) {
    std::string tight = replaced(body, "\ndata: ", "\ndata:");
    if (tight.starts_with("data: ")) tight.erase(5, 1);
    out.push_back({"no-space", std::move(tight), {}});
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
