#include "cli/secret_input.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::size_t most = 8 * 1024;

/// Shows nothing that is typed. Control-C comes as a byte, so that no signal leaves the terminal mute.
class MuteTerminal {
 public:
  MuteTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios mute = before_;
    mute.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    muted_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute) == 0;
  }
  MuteTerminal(const MuteTerminal&) = delete;
  MuteTerminal& operator=(const MuteTerminal&) = delete;
  ~MuteTerminal() {
    if (muted_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  bool muted() const noexcept { return muted_; }

 private:
  termios before_{};
  bool muted_ = false;
};

/// Wiped when it goes.
struct Buffer {
  std::array<char, most + 1> bytes{};
  std::size_t size = 0;
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::string_view text() const noexcept { return {bytes.data(), size}; }
};

base::Error refused(const char* why) { return {base::Errc::invalid_argument, why}; }

}  // namespace

base::Result<base::Secret> read_secret_input(const std::string& prompt) {
  Buffer input;
  const bool asked = ::isatty(STDIN_FILENO) != 0;
  {
    std::optional<MuteTerminal> mute;
    if (asked) {
      mute.emplace();
      if (!mute->muted()) return refused("this terminal cannot hide what is typed; pipe the key in");
      fmt::print(stderr, "{}: ", prompt);
      std::fflush(stderr);
    }
    while (input.size < input.bytes.size()) {
      const ssize_t n =
          ::read(STDIN_FILENO, input.bytes.data() + input.size, input.bytes.size() - input.size);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      input.size += static_cast<std::size_t>(n);
      if (asked && input.text().find_first_of("\n\x03\x04") != std::string_view::npos) break;
    }
  }
  if (asked) fmt::print(stderr, "\n");
  if (input.size > most) return refused("that is too long for a key");
  if (input.text().find('\x03') != std::string_view::npos)
    return base::Error{base::Errc::cancelled, "cancelled"};
  const std::string_view secret = base::trim(input.text().substr(0, input.text().find('\x04')));
  if (secret.empty()) return refused("no key came in; pipe it in, or type it at the prompt");
  if (secret.find_first_of("\r\n") != std::string_view::npos)
    return refused("one key at a time; `keys import` takes files");
  return base::Secret(std::string(secret));
}

}  // namespace freellmapi::cli
