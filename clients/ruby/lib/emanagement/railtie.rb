# frozen_string_literal: true

module Emanagement
  # In a Rails application: config.emanagement has what a client needs, from
  # config/emanagement.yml where there is one. The client connects at the first
  # call, and not when the application starts.
  #
  #   config.emanagement.transport = :control   # or :user, or :component
  #   config.emanagement.timeout = 10
  class Railtie < ::Rails::Railtie
    config.emanagement = ActiveSupport::OrderedOptions.new

    initializer "emanagement.client" do |app|
      options = app.config.emanagement.to_h
      options = app.config_for(:emanagement).to_h.merge(options) if app.root.join("config/emanagement.yml").exist?
      Emanagement.client = Railtie.client(options) if options[:transport]
    end

    # A client by its options: transport, and what that takes.
    def self.client(options)
      transport = options[:transport].to_sym
      rest = options.except(:transport).compact.transform_keys(&:to_sym)
      case transport
      when :control then Client.control(*rest.delete(:path), **rest)
      when :user, :component then Client.public_send(transport, logger: ::Rails.logger, **rest)
      else raise ArgumentError, "config.emanagement.transport: #{transport.inspect} is none of control, user, component"
      end
    end
  end
end
