# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# A room is a folder of src/ and include/frys/, built as an object library `frys_<room>`.

set_property(GLOBAL PROPERTY FRYS_ROOMS "")

# frys_add_room(<room> [ABOVE <lower rooms>…])
function(frys_add_room room)
  cmake_parse_arguments(arg "" "" "ABOVE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${room}/*.cpp")
  set(floors ${arg_ABOVE} ${room})
  frys_set_isa_flags(${sources})
  add_library(frys_${room} OBJECT ${sources})
  set_target_properties(frys_${room} PROPERTIES
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    FRYS_FLOORS "${floors}")
  target_include_directories(frys_${room} PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                          PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(frys_${room} PRIVATE frys_compile_options Threads::Threads)
  set_property(GLOBAL APPEND PROPERTY FRYS_ROOMS ${room})
endfunction()

# Links the objects of `room` and of every room below it into `target`, internals included.
function(frys_link_room target room)
  get_target_property(floors frys_${room} FRYS_FLOORS)
  foreach(floor IN LISTS floors)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:frys_${floor}>)
  endforeach()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include"
                                               "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${target} PRIVATE frys_compile_options Threads::Threads ${CMAKE_DL_LIBS})
  if("experience" IN_LIST floors)
    target_link_libraries(${target} PRIVATE RocksDBShared::rocksdb)
  endif()
endfunction()

# The library itself: every room, one archive or one shared object that exports only frys.
function(frys_add_library)
  get_property(rooms GLOBAL PROPERTY FRYS_ROOMS)
  set(objects "")
  foreach(room IN LISTS rooms)
    list(APPEND objects $<TARGET_OBJECTS:frys_${room}>)
  endforeach()
  add_library(frys ${objects})
  add_library(frys::frys ALIAS frys)
  set_target_properties(frys PROPERTIES
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    EXPORT_NAME frys)
  target_compile_features(frys PUBLIC cxx_std_20)
  target_include_directories(frys PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(frys PRIVATE RocksDBShared::rocksdb Threads::Threads ${CMAKE_DL_LIBS})
  if(BUILD_SHARED_LIBS)
    set(script "${PROJECT_SOURCE_DIR}/cmake/frys.map")
    target_link_options(frys PRIVATE "LINKER:--version-script=${script}" "LINKER:--no-undefined")
    set_target_properties(frys PROPERTIES LINK_DEPENDS "${script}")
  endif()
endfunction()
