// What the tests of this room share: folders of their own, a log to read, a sink that writes down what it
// gets.
#pragma once

#include <freellmapi/abi.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "host/provider.hpp"

namespace freellmapi::host {

namespace fs = std::filesystem;

/// A folder that only we may enter; gone with all in it at the end.
class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "freellmapi-host-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = fs::canonical(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view content) const {
    std::ofstream{path_ / name, std::ios::binary} << content;
    fs::permissions(path_ / name, fs::perms{0644});
    return path_ / name;
  }

 private:
  fs::path path_;
};

inline std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The bytes of one of the plugins built for the tests.
inline std::string sample(const std::string& name) {
  std::string bytes = content_of(fs::path{HOST_SAMPLES} / (name + ".so"));
  if (bytes.empty()) throw std::runtime_error("no sample " + name);
  return bytes;
}

/// A log that can be read afterwards, and the clock it is stamped with.
class ReadableLog {
 public:
  const base::Log& log() const { return log_; }
  base::ManualClock& clock() { return clock_; }
  std::string text() const {
    std::string result(65536, '\0');
    const ssize_t n = ::pread(fileno(file_), result.data(), result.size(), 0);
    result.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return result;
  }
  std::size_t lines() const {
    const std::string all = text();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  }
  ReadableLog() = default;
  ReadableLog(const ReadableLog&) = delete;
  ReadableLog& operator=(const ReadableLog&) = delete;
  ~ReadableLog() { std::fclose(file_); }

 private:
  base::ManualClock clock_;
  std::FILE* file_ = std::tmpfile();
  base::Log log_{clock_, base::LogFormat::text, base::Level::debug, fileno(file_)};
};

/// Writes events down as text: T(hello) R(..) F(stop) U(in,out) E(class) ...
class Recorder final : public EventSink {
 public:
  bool on_event(const freellm_event& event) override {
    const auto text = [](freellm_str s) { return std::string{s.data, s.size}; };
    switch (event.type) {
      case FREELLM_EV_TEXT:
        answer += text(reinterpret_cast<const freellm_ev_text&>(event).text);
        script += 'T';
        break;
      case FREELLM_EV_USAGE:
        script += 'U';
        output_tokens = reinterpret_cast<const freellm_ev_usage&>(event).output_tokens;
        break;
      case FREELLM_EV_FINISH:
        script += "F(" + text(reinterpret_cast<const freellm_ev_finish&>(event).reason) + ")";
        break;
      case FREELLM_EV_ERROR: {
        const freellm_outcome& outcome = *reinterpret_cast<const freellm_ev_error&>(event).outcome;
        script += "E(" + std::to_string(outcome.error_class) + "," + outcome.message + ")";
        break;
      }
      default:
        script += "?" + std::to_string(event.type);
        break;
    }
    return --wanted > 0;
  }

  std::string script, answer;
  std::uint64_t output_tokens = 0;
  int wanted = 1 << 30;
};

inline freellm_call call_with(std::string_view body) {
  freellm_call call{};
  call.size = sizeof call;
  call.body = {body.data(), body.size()};
  call.max_output_tokens = 77;
  return call;
}

inline freellm_head head_with(int status) {
  freellm_head head{};
  head.size = sizeof head;
  head.http_status = status;
  return head;
}

}  // namespace freellmapi::host
