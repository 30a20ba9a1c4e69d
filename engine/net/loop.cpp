#include "net/loop.hpp"

#include "net/local_core.hpp"

namespace freellmapi::net {

namespace {
Task<void> run_to_end(LocalCore& core, const std::function<Task<void>(Core&)>& body,
                      std::exception_ptr& failure) {
  try {
    co_await body(core);
  } catch (...) {
    failure = std::current_exception();
  }
  core.io().stop();
}
}  // namespace

base::Result<void> run_on_core(const base::Clock& clock, const base::Log& log, const UpstreamOptions& options,
                               const std::function<Task<void>(Core&)>& body) {
  TlsStore tls;
  LocalCore core(0, clock, log, options, tls);
  std::exception_ptr failure;
  core.spawn("body", run_to_end(core, body, failure));
  core.io().run();
  core.close();
  if (failure) return base::Error(base::Errc::internal, "failed with " + exception_type(failure));
  return {};
}

}  // namespace freellmapi::net
