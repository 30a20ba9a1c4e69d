#include "model.hpp"

#include <array>
#include <cstddef>

namespace freellmapi::google {
namespace {

constexpr std::size_t longest_name = 64;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view plain_id(std::string_view model) {
  constexpr std::string_view prefix = "models/";
  return model.starts_with(prefix) ? model.substr(prefix.size()) : model;
}

std::uint32_t hash(std::string_view text) noexcept {
  std::uint32_t h = 2166136261U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  return h;
}

struct Effort {
  std::string_view word;
  std::string_view budget;
  std::string_view level;
  std::string_view pro_budget;  // Pro has a floor
  std::string_view pro_level;   // and knows two levels
  bool thoughts;                // worth showing
};
constexpr std::array<Effort, 6> efforts{{{"none", "0", "minimal", "128", "low", false},
                                         {"minimal", "0", "minimal", "128", "low", false},
                                         {"low", "1024", "low", "1024", "low", true},
                                         {"medium", "8192", "medium", "8192", "high", true},
                                         {"high", "24576", "high", "24576", "high", true},
                                         {"xhigh", "24576", "high", "24576", "high", true}}};

}  // namespace

ModelTraits traits_of(std::string_view model) {
  std::string id(plain_id(model));
  for (char& c : id)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  ModelTraits traits;
  for (std::size_t at = id.find("gemma"); at != id.npos; at = id.find("gemma", at + 1)) {
    const bool begins = at == 0 || id[at - 1] == '/' || id[at - 1] == '.' || id[at - 1] == ':';
    const std::size_t after = at + 5;
    if (begins && after < id.size() && (id[after] == '-' || id[after] == '_')) traits.gemma = true;
  }
  constexpr std::string_view family = "gemini-";
  const std::size_t at = id.find(family);
  if (traits.gemma || at == id.npos) return traits;

  std::string_view rest = std::string_view(id).substr(at + family.size());
  int major = 0, minor = 0;
  if (rest.empty() || !is_digit(rest[0])) {
    major = 3;  // an alias of the newest: gemini-flash-latest
  } else {
    for (; !rest.empty() && is_digit(rest[0]) && major < 100; rest.remove_prefix(1))
      major = major * 10 + (rest[0] - '0');
    if (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) minor = rest[1] - '0';
  }
  traits.pro = id.find("-pro") != id.npos;
  traits.signs = major >= 3;
  const bool talks =
      id.find("-image") == id.npos && id.find("-tts") == id.npos && id.find("-live") == id.npos;
  if (talks && major >= 3) traits.thinking = Thinking::level;
  if (talks && major == 2 && minor >= 5) traits.thinking = Thinking::budget;
  return traits;
}

std::optional<std::string> thinking_config(const ModelTraits& traits, std::string_view effort) {
  if (traits.thinking == Thinking::none) return std::nullopt;
  for (const Effort& e : efforts) {
    if (e.word != effort) continue;
    std::string json;
    if (traits.thinking == Thinking::budget) {
      json.append("{\"thinkingBudget\":").append(traits.pro ? e.pro_budget : e.budget);
    } else {
      json.append("{\"thinkingLevel\":\"").append(traits.pro ? e.pro_level : e.level).append("\"");
    }
    json.append(e.thoughts ? ",\"includeThoughts\":true}" : "}");
    return json;
  }
  return std::nullopt;
}

std::string model_path(std::string_view model, std::string_view method) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string path = "/models/";
  for (const char c : plain_id(model)) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      path += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      path += '%';
      path += hex[byte >> 4U];
      path += hex[byte & 15U];
    }
  }
  return path.append(":").append(method);
}

std::string wire_name(std::string_view name) {
  const auto fits = [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == ':' || c == '-';
  };
  bool good = !name.empty() && name.size() <= longest_name && (is_letter(name[0]) || name[0] == '_');
  for (const char c : name) good = good && fits(c);
  if (good) return std::string(name);

  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "_";
  for (const char c : name.substr(0, longest_name - 10)) out += fits(c) ? c : '_';
  out += '_';
  const std::uint32_t h = hash(name);
  for (unsigned shift = 32; shift > 0; shift -= 4) out += hex[(h >> (shift - 4)) & 15U];
  return out;
}

}  // namespace freellmapi::google
