#include "endpoints.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <freellmapi/base64.hpp>
#include <freellmapi/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "errors.hpp"
#include "model.hpp"
#include "raw_json.hpp"
#include "writer.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;

// What one batchEmbedContents takes.
constexpr std::size_t most_texts = 100;

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

void begin(const sdk::Call& call, std::string_view method, sdk::RequestOut& out) {
  out.target("POST", model_path(call.model(), method));
  out.header("content-type", "application/json");
  out.header("accept", "application/json");
  out.credential("x-goog-api-key", "");
}

std::optional<std::uint32_t> whole(std::string_view text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

std::vector<Raw> texts_of(const sdk::Call& call) {
  const Raw input(call.find("input").value_or(""));
  std::vector<Raw> texts;
  if (input.is_string()) texts.push_back(input);
  input.each([&](Raw one) {
    if (!one.is_string() || texts.size() >= most_texts) refuse();  // a list of tokens is of OpenAI's alone
    texts.push_back(one);
  });
  if (texts.empty()) refuse();
  return texts;
}

/// A parsed object that is no error; nothing when it is one, and `failure` says which.
std::optional<json::value> answer_of(std::string_view body, sdk::OutcomeOut& failure) {
  auto parsed = sdk::parse_json(body);
  if (!parsed) throw sdk::Failure{FREELLM_E_PROTOCOL};
  const json::object* const object = parsed->if_object();
  if (object != nullptr && !object->contains("error")) return parsed;
  sort_error_in_success(body, failure);
  return std::nullopt;
}

/// The vectors as they were written: a tree would round their numbers.
std::vector<Raw> vectors_in(const Raw& answer) {
  std::vector<Raw> vectors;
  const Raw one = answer.at("embedding").at("values");
  if (one.is_array()) vectors.push_back(one);
  answer.at("embeddings").each([&](Raw embedding) { vectors.push_back(embedding.at("values")); });
  for (const Raw& vector : vectors) {
    bool any = false;
    vector.each([&](Raw number) {
      if (!number.is_number()) throw sdk::Failure{FREELLM_E_PROTOCOL};
      any = true;
    });
    if (!any) throw sdk::Failure{FREELLM_E_PROTOCOL};
  }
  return vectors;
}

/// OpenAI's other way to write a vector: 32-bit floats, least byte first, in base64.
std::string packed(const Raw& vector) {
  std::string bytes;
  vector.each([&](Raw number) {
    double value = 0;
    const std::string_view text = number.text();
    std::from_chars(text.data(), text.data() + text.size(), value);
    const auto single = static_cast<float>(value);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &single, sizeof bits);
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xFFU);
  });
  return sdk::to_base64(bytes);
}

/// OpenAI's voices are not known here; a name of Gemini's own is passed on.
std::string voice_of(const sdk::Call& call) {
  constexpr std::string_view foreign[] = {"",      "alloy", "ash",  "ballad", "cedar", "coral",   "echo",
                                          "fable", "marin", "nova", "onyx",   "sage",  "shimmer", "verse"};
  const Raw asked(call.find("voice").value_or(""));
  if (!asked.absent() && !asked.is_string()) refuse();
  std::string name = asked.is_string() ? asked.unescaped() : std::string();
  return std::find(std::begin(foreign), std::end(foreign), name) == std::end(foreign) ? name : "Kore";
}

void put_little(std::string& out, std::uint32_t value, unsigned bytes) {
  for (unsigned shift = 0; shift < bytes * 8; shift += 8) out += static_cast<char>(value >> shift & 0xFFU);
}

/// The head of a WAV file of 16 bits and one channel.
std::string wav_head(std::uint32_t rate, std::uint32_t size) {
  std::string head = "RIFF";
  put_little(head, size + 36, 4);
  head += "WAVEfmt ";
  put_little(head, 16, 4);  // of this description
  put_little(head, 1, 2);   // plain samples
  put_little(head, 1, 2);   // channels
  put_little(head, rate, 4);
  put_little(head, rate * 2, 4);  // bytes a second
  put_little(head, 2, 2);         // bytes a sample
  put_little(head, 16, 2);        // bits a sample
  head += "data";
  put_little(head, size, 4);
  return head;
}

/// "audio/L16;codec=pcm;rate=24000"
std::uint32_t rate_of(std::string_view mime) {
  constexpr std::uint32_t usual = 24'000, most = 192'000;
  constexpr std::string_view word = "rate=";
  const std::size_t at = mime.find(word);
  if (at == mime.npos) return usual;
  std::string_view digits = mime.substr(at + word.size());
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  const auto rate = whole(digits);
  return rate && *rate > 0 && *rate <= most ? *rate : usual;
}

void no_sound(const json::object& answer, sdk::OutcomeOut& failure) {
  const json::object* const feedback = sdk::object_at(answer, "promptFeedback");
  const bool blocked = feedback != nullptr && !sdk::string_at(*feedback, "blockReason").empty();
  failure.sort(blocked ? FREELLM_C_CONTENT_FILTERED : FREELLM_C_EMPTY, true, FREELLM_SCOPE_REQUEST);
  failure.message(blocked ? "the provider's filter refused the text"
                          : "the provider's answer holds no sound");
}

}  // namespace

void ask_for_embeddings(const sdk::Call& call, sdk::RequestOut& out) {
  const std::vector<Raw> texts = texts_of(call);
  const auto asked = call.find("dimensions");
  const auto dimensions = asked ? whole(*asked) : std::nullopt;
  if (asked && !Raw(*asked).absent() && !dimensions) refuse();
  const bool batch = texts.size() > 1;
  begin(call, batch ? "batchEmbedContents" : "embedContent", out);
  std::string model(call.model());
  if (!model.starts_with("models/")) model.insert(0, "models/");
  Writer writer(out);
  writer.put(batch ? "{\"requests\":[" : "");
  Commas requests(writer);
  for (const Raw& text : texts) {
    requests.next().put("{\"model\":");
    writer.put_string(model);
    writer.put(",\"content\":{\"parts\":[{\"text\":");
    writer.put(text.text());
    writer.put("}]}");
    if (dimensions) {
      writer.put(",\"outputDimensionality\":");
      writer.put(std::to_string(*dimensions));
    }
    writer.put("}");
  }
  writer.put(batch ? "]}" : "");
  writer.flush();
}

bool read_embeddings(const sdk::Call& call, std::string_view body, sdk::AnswerOut& out,
                     sdk::OutcomeOut& failure) {
  if (!answer_of(body, failure)) return false;
  const std::vector<Raw> vectors = vectors_in(Raw(body));
  if (vectors.size() != texts_of(call).size()) throw sdk::Failure{FREELLM_E_PROTOCOL};
  const bool pack = Raw(call.find("encoding_format").value_or("")).equals("base64");
  std::string text = "{\"object\":\"list\",\"data\":[";
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    text.append(i == 0 ? "" : ",").append("{\"object\":\"embedding\",\"index\":").append(std::to_string(i));
    text += ",\"embedding\":";
    if (pack) {
      text.append("\"").append(packed(vectors[i])).append("\"");
    } else {
      text += vectors[i].text();
    }
    text += "}";
  }
  text += "]}";
  out.content_type("application/json");
  out.body(text);
  if (const auto tokens = whole(Raw(body).at("usageMetadata").at("promptTokenCount").text()))
    out.input_tokens(*tokens);
  return true;
}

void ask_for_speech(const sdk::Call& call, sdk::RequestOut& out) {
  const Raw input(call.find("input").value_or(""));
  const Raw manner(call.find("instructions").value_or(""));
  if (!input.is_string() || input.inner().empty()) refuse();
  begin(call, "generateContent", out);
  Writer writer(out);
  writer.put("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"");
  if (manner.is_string() && !manner.inner().empty()) {
    writer.put(manner.inner());
    writer.put(":\\n");
  }
  writer.put(input.inner());
  writer.put(
      "\"}]}],\"generationConfig\":{\"responseModalities\":[\"AUDIO\"],\"speechConfig\":{\"voiceConfig\":"
      "{\"prebuiltVoiceConfig\":{\"voiceName\":");
  writer.put_string(voice_of(call));
  writer.put("}}}}}");
  writer.flush();
}

bool read_speech(std::string_view body, sdk::AnswerOut& out, sdk::OutcomeOut& failure) {
  const auto answer = answer_of(body, failure);
  if (!answer) return false;
  std::string sound, mime;
  Raw(body).at("candidates").each([&](Raw candidate) {
    if (!sound.empty()) return;
    candidate.at("content").at("parts").each([&](Raw part) {
      const Raw data = part.at("inlineData");
      if (!data.is_object()) return;
      const Raw held = data.at("data");
      const auto bytes = held.is_string() ? sdk::from_base64(held.unescaped()) : std::nullopt;
      if (!bytes) throw sdk::Failure{FREELLM_E_PROTOCOL};
      sound += *bytes;
      if (const Raw type = data.at("mimeType"); type.is_string()) mime = type.unescaped();
    });
  });
  if (sound.empty()) {
    no_sound(answer->get_object(), failure);
    return false;
  }
  if (sound.starts_with("RIFF")) {
    out.content_type("audio/wav");
  } else if (mime.starts_with("audio/L16") || mime.starts_with("audio/l16") ||
             mime.starts_with("audio/pcm")) {
    out.content_type("audio/wav");
    out.body(wav_head(rate_of(mime), static_cast<std::uint32_t>(sound.size())));
  } else {
    out.content_type(mime.starts_with("audio/") ? mime : "application/octet-stream");
  }
  out.body(sound);
  if (const auto tokens = whole(Raw(body).at("usageMetadata").at("promptTokenCount").text()))
    out.input_tokens(*tokens);
  return true;
}

}  // namespace freellmapi::google
