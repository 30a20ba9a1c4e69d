// What the benches read: files of bench/inputs, and requests made of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace freellmapi::bench {

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline std::string input(const std::string& name) {
  return content_of(std::filesystem::path(BENCH_INPUTS) / name);
}

/// A conversation of about so many bytes: turn.txt again and again, with an escape every twenty characters,
/// as code has. `sloppy` has one thing that must be lengthened.
inline std::string conversation(std::size_t about, bool sloppy = false) {
  const std::string turn = input("turn.txt");
  std::string body = R"({"model":"auto","stream":true,"temperature":0.2,"messages":[)"
                     R"({"role":"system","content":"You are a careful engineer."})";
  if (sloppy) body += R"(,{"role":"user","content":["a bare string as a part"]})";
  while (!turn.empty() && body.size() < about) {
    body += R"(,{"role":"user","content":")";
    for (std::size_t begin = body.size(); body.size() < begin + std::min<std::size_t>(about / 2, 2'400);)
      body += turn;
    body += R"("},{"role":"assistant","content":"Done."})";
  }
  return body + "]}";
}

}  // namespace freellmapi::bench
