# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# What `cmake --install` lays out. Components: runtime (libfrys.so), dev (headers, the archive, package
# files), tools (the command frys), bench (the benchmarks). The tree may be moved afterwards.

include(CMakePackageConfigHelpers)
set(frys_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/frys")
file(RELATIVE_PATH FRYS_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" FRYS_PC_PREFIX "${FRYS_PC_PREFIX}")

install(TARGETS frys EXPORT frysTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT dev
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/frys"
  COMPONENT dev DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(EXPORT frysTargets NAMESPACE frys:: COMPONENT dev DESTINATION "${frys_package_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/frysConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/frysConfig.cmake" INSTALL_DESTINATION "${frys_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/frysConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/package/frysConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/frysConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindRocksDBShared.cmake"
  COMPONENT dev DESTINATION "${frys_package_dir}")

# An archive brings nothing along, so whoever links it names what it stands on.
set(FRYS_PC_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  set(FRYS_PC_LIBS "-lrocksdb -pthread")
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/frys.pc.in" "${PROJECT_BINARY_DIR}/package/frys.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/frys.pc" COMPONENT dev
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" COMPONENT dev
  DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
