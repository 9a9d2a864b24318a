# frozen_string_literal: true

require "emanagement"
require "minitest/autorun"
require "minitest/mock"
