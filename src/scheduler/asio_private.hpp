// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The one door to Asio. Its namespace is renamed, so that a host that links another Asio, or the
// same one compiled with other options, shares no symbol with ours.

#pragma once

#ifdef ASIO_VERSION
#error "include scheduler/asio_private.hpp before, and instead of, any header of Asio"
#endif

// What Asio includes from outside comes first, so that the renaming meets Asio's own words only.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <typeinfo>

#define ASIO_STANDALONE 1
#define ASIO_NO_DEPRECATED 1
#define asio frys_private_asio
// A C function, which stands outside the namespace.
#define asio_detail_posix_thread_function frys_private_asio_thread_function
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#undef asio_detail_posix_thread_function
#undef asio

namespace frys::detail {
namespace net = ::frys_private_asio;
}
