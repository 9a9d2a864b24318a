# frozen_string_literal: true

require_relative "emanagement/version"
require_relative "emanagement/errors"
require_relative "emanagement/client"
require_relative "emanagement/slug"
require_relative "emanagement/xmpp_server_order"
require_relative "emanagement/tie"
require_relative "emanagement/group"
require_relative "emanagement/user"

# Runs the verbs of the component emanagement: contacts, presences, messages and
# rooms of the users of an XMPP server. See Client.
module Emanagement
  autoload :Job, "emanagement/jobs"
  autoload :RosterJob, "emanagement/jobs"
  autoload :RoomJob, "emanagement/jobs"

  class << self
    # The Client that XmppServerOrder and the concerns use by default. Set it once,
    # for example in a Rails initializer.
    attr_writer :client

    def client
      @client or raise Error, "no client: set Emanagement.client first"
    end
  end
end

require_relative "emanagement/railtie" if defined?(Rails::Railtie)
