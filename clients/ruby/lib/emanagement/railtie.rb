# frozen_string_literal: true

module Emanagement
  # Makes the client of a Rails application from config.emanagement, and from
  # config/emanagement.yml if that exists. The client connects at the first call, and not
  # when the application starts.
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

    # Makes a client. options has :transport, and the arguments of the Client method of
    # that name. Raises an ArgumentError.
    def self.client(options)
      transport = options[:transport].to_sym
      rest = options.except(:transport).compact.transform_keys(&:to_sym)
      case transport
      when :control then Client.control(*rest.delete(:path), **rest)
      when :user, :component then Client.public_send(transport, logger: ::Rails.logger, **rest)
      else raise ArgumentError, "config.emanagement.transport: must be control, user or component, not #{transport.inspect}"
      end
    end
  end
end
