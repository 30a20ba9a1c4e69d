// TLS to providers: contexts, sessions, and a BIO that reads and writes a socket without signals.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace freellmapi::net {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept;
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

/// The last session of one host, to be resumed by its next connection. Stays on its core.
struct SessionSlot {
  std::unique_ptr<SSL_SESSION, SslDeleter> session;
};

/// The contexts of the process: one with the system's trust, and one for each ca_file, at most sixteen.
/// Thread safety: any thread.
class TlsStore {
 public:
  TlsStore();
  ~TlsStore();
  /// Loaded when it is first asked for. `ca_file` empty: the system's store.
  base::Result<std::shared_ptr<SSL_CTX>> context(const std::string& ca_file);

 private:
  std::mutex mutex_;  // guards contexts_
  struct Loaded {
    std::string ca_file;
    std::shared_ptr<SSL_CTX> context;
  };
  std::vector<Loaded> contexts_;
};

/// A client connection that will verify `host` (a name or a literal address) and say it in the handshake,
/// over the socket whose descriptor stands in `*descriptor` (below zero: closed). New sessions go to `slot`;
/// both must outlive it. Null when OpenSSL refuses the name.
SslPtr make_tls(SSL_CTX* context, const std::string& host, const int* descriptor, SessionSlot* slot);

/// OpenSSL's reason for the last failure on this thread, without file names; empties its queue.
std::string tls_reason(SSL* ssl);

}  // namespace freellmapi::net
