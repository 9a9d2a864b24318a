# frozen_string_literal: true

module Emanagement
  VERSION = "0.1.0"
end
