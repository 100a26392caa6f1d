# Holds a program's flash and RAM against a board each time it is linked; a program that does not fit fails the build.
#
#   include(TinygmpBudget.cmake)
#   tinygmp_budget(firmware BOARD nucleo-g071rb RESERVE_RAM 1024)
#
# BOARD        name, alias or .toml file of a board
# BOARDS_FILE  optional: .toml file of several boards of your own
# RESERVE_FLASH, RESERVE_RAM  optional: bytes to keep free; an ELF file does not tell its stack, so leave it some RAM
# BASELINE, TOLERANCE  optional: an earlier budget, and the growth that passes ("64" or "2%")
function(tinygmp_budget target)
  cmake_parse_arguments(PARSE_ARGV 1 budget "" "BOARD;BOARDS_FILE;RESERVE_FLASH;RESERVE_RAM;BASELINE;TOLERANCE" "")
  if(budget_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tinygmp_budget: unknown arguments ${budget_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT budget_BOARD)
    message(FATAL_ERROR "tinygmp_budget: BOARD is missing; `tinygmp boards` lists them")
  endif()
  find_program(TINYGMP_PROGRAM tinygmp)
  if(NOT TINYGMP_PROGRAM)
    message(FATAL_ERROR "tinygmp_budget: tinygmp is not on the path; install it with: pip install tinygmp")
  endif()
  set(options)
  foreach(pair "BOARDS_FILE:--boards" "RESERVE_FLASH:--reserve-flash" "RESERVE_RAM:--reserve-ram"
               "BASELINE:--baseline" "TOLERANCE:--tolerance")
    string(REPLACE ":" ";" pair "${pair}")
    list(GET pair 0 key)
    list(GET pair 1 option)
    if(DEFINED budget_${key})
      list(APPEND options ${option} ${budget_${key}})
    endif()
  endforeach()
  add_custom_command(
    TARGET ${target} POST_BUILD
    COMMAND ${TINYGMP_PROGRAM} budget $<TARGET_FILE:${target}> --board ${budget_BOARD} ${options} --quiet
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    VERBATIM)
endfunction()
