# frozen_string_literal: true

require "rails/generators/base"

module Emanagement
  module Generators
    # rails generate emanagement:install
    class InstallGenerator < ::Rails::Generators::Base
      source_root File.expand_path("templates", __dir__)
      desc "Writes config/emanagement.yml: the application's connection to the component emanagement."
      class_option :transport, type: :string, default: "control", enum: %w[control user component],
                               desc: "The connection: by the control socket, as a user, or as a component"

      def write_configuration
        template "emanagement.yml.tt", "config/emanagement.yml"
      end
    end
  end
end
