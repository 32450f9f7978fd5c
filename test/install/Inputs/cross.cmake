cmake_minimum_required(VERSION 3.21)
project(cross LANGUAGES NONE)
find_package(rondo REQUIRED)
rondo_add_library(arm models.rondo MODEL twice)
