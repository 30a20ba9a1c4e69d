// The server's side of a TLS connection, between bytes of the wire and bytes of HTTP. No I/O.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace freellmapi::bench {

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

/// Sessions are resumed by tickets. Ends the program when the files are not what they should be.
std::unique_ptr<SSL_CTX, SslFree> tls_context(const std::string& certificate, const std::string& key);

class Encrypted {
 public:
  explicit Encrypted(SSL_CTX* context);
  /// Bytes of the wire in, bytes of HTTP behind `plain`. False: the connection is lost.
  bool take(std::string_view wire, std::string& plain);
  bool write(std::string_view plain);
  /// What is to go out; taken away.
  std::string outgoing();
  /// Once, when the handshake is over: 1 for a new one, 2 for one that resumed a session; else 0.
  int finished() noexcept;

 private:
  std::unique_ptr<SSL, SslFree> ssl_;
  BIO* in_;   // the ssl's
  BIO* out_;  // the ssl's
  bool told_ = false;
};

}  // namespace freellmapi::bench
