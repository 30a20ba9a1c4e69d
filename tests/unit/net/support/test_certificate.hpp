// Certificates made on the spot, and a TLS server over a raw socket.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>

#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {

/// An authority of the test's own; its certificate lies in a file that goes when it does.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  const std::string& file() const noexcept { return file_; }
  /// A server's context with a certificate for `names`, for example "DNS:a.example,IP:127.0.0.1".
  std::shared_ptr<SSL_CTX> server(const std::string& names, bool expired = false) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string file_;
};

/// TLS over a test's socket, for as long as `speak` runs. Ends with close_notify when it returns true.
void serve_tls(RawSocket& socket, SSL_CTX* context, const std::function<bool(SSL*)>& speak);
/// Reads until `text` has come, or the end.
std::string tls_read_until(SSL* ssl, const std::string& text);
void tls_write(SSL* ssl, const std::string& text);

}  // namespace freellmapi::net::testing
