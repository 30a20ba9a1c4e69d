#include "net/loop.hpp"

#include <boost/asio/co_spawn.hpp>

#include "net/local_core.hpp"

namespace freellmapi::net {

base::Result<void> run_on_core(const base::Clock& clock, const base::Log& log, const UpstreamOptions& options,
                               const std::function<Task<void>(Core&)>& body) {
  TlsStore tls;
  LocalCore core(0, clock, log, options, tls);
  std::exception_ptr failure;
  asio::co_spawn(core.io().get_executor(), body(core), [&](const std::exception_ptr& error) {
    failure = error;
    core.io().stop();
  });
  core.io().run();
  core.close();
  if (failure) return base::Error(base::Errc::internal, "failed with " + exception_type(failure));
  return {};
}

}  // namespace freellmapi::net
