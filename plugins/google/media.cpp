#include "media.hpp"

#include <array>
#include <cstddef>
#include <freellmapi/base64.hpp>
#include <freellmapi/views.hpp>
#include <string>

namespace freellmapi::google {
namespace {

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

// The addresses that Gemini fetches: a video of YouTube's and what was uploaded to its own file store.
constexpr std::array<std::string_view, 6> fetched_by_provider{"https://www.youtube.com/watch",
                                                              "https://youtube.com/watch",
                                                              "https://m.youtube.com/watch",
                                                              "https://www.youtube.com/shorts/",
                                                              "https://youtu.be/",
                                                              "https://generativelanguage.googleapis.com/"};

bool is_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_base64(std::string_view text) noexcept {
  for (const char c : text)
    if (!is_alnum(c) && c != '+' && c != '/' && c != '=' && c != '-' && c != '_') return false;
  return !text.empty();
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string clean_mime(std::string_view text) {
  std::string mime;
  for (const char c : text) {
    if (!is_alnum(c) && c != '/' && c != '.' && c != '+' && c != '-') refuse();
    mime += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (mime.find('/') == mime.npos) refuse();
  return mime == "image/jpg" ? "image/jpeg" : mime;  // a common slip
}

void write_inline(std::string_view mime, std::string_view payload, Writer& writer) {
  if (!is_base64(payload)) refuse();
  writer.put("{\"inlineData\":{\"mimeType\":");
  writer.put_string(mime);
  writer.put(",\"data\":\"");
  writer.put(payload);
  writer.put("\"}}");
}

void write_data_url(std::string_view url, Writer& writer) {
  const std::size_t comma = url.find(',');
  if (comma == url.npos) refuse();
  std::string_view kind = url.substr(5, comma - 5);
  const std::string_view data = url.substr(comma + 1);
  constexpr std::string_view marker = ";base64";
  const bool encoded = kind.ends_with(marker);
  if (encoded) kind.remove_suffix(marker.size());
  const std::string mime = clean_mime(kind.substr(0, kind.find(';')));
  if (!encoded) {
    write_inline(mime, sdk::to_base64(percent_decoded(data)), writer);
  } else if (data.find('%') != data.npos) {
    write_inline(mime, percent_decoded(data), writer);
  } else {
    write_inline(mime, data, writer);  // where it lies: an image may be megabytes
  }
}

bool is_data_url(std::string_view url) noexcept {
  return url.starts_with("data:") || url.starts_with("DATA:") || url.starts_with("Data:");
}

void write_url(std::string_view url, Writer& writer) {
  if (is_data_url(url)) {
    write_data_url(url, writer);
    return;
  }
  for (const std::string_view prefix : fetched_by_provider) {
    if (!url.starts_with(prefix)) continue;
    writer.put("{\"fileData\":{\"fileUri\":");
    writer.put_string(url);
    writer.put("}}");
    return;
  }
  refuse();
}

// Calls f with the plain text of a JSON string, without a copy when it has no escapes.
template <class F>
void with_text(const Raw& string, F&& f) {
  if (!string.is_string()) refuse();
  if (const std::string_view inner = string.inner(); inner.find('\\') == inner.npos) {
    f(inner);
  } else {
    f(std::string_view(string.unescaped()));
  }
}

}  // namespace

bool write_media(std::string_view type, const Raw& part, Writer& writer) {
  if (type == "image_url" || type == "video_url") {
    const Raw holder = part.at(type);
    with_text(holder.is_string() ? holder : holder.at("url"),
              [&](std::string_view url) { write_url(url, writer); });
    return true;
  }
  if (type == "input_audio") {
    const Raw audio = part.at("input_audio");
    const std::string mime = clean_mime("audio/" + audio.at("format").unescaped());
    with_text(audio.at("data"), [&](std::string_view data) { write_inline(mime, data, writer); });
    return true;
  }
  if (type == "file") {
    const Raw file = part.at("file");
    with_text(file.at("file_data"), [&](std::string_view data) {
      if (is_data_url(data)) {
        write_data_url(data, writer);
      } else if (file.at("filename").is_string() && file.at("filename").unescaped().ends_with(".pdf")) {
        write_inline("application/pdf", data, writer);
      } else {
        refuse();
      }
    });
    return true;
  }
  return false;
}

}  // namespace freellmapi::google
