# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are groups of users. Each group has a persistent room on
  # the server while it exists. Include this module, and call has_room.
  module Group
    include Reflection

    def self.included(model)
      model.extend(ClassMethods)
    end

    # The class methods of the model.
    module ClassMethods
      attr_reader :room_settings

      # Creates and destroys a room with each group, after the commit. The room is at
      # the service conference.<domain>. raises, async and queue are as in Tie.
      def has_room(domain:, client: nil, raises: false, async: false, queue: nil)
        @room_settings = Reflection::Settings.new(domain: domain, client: client, raises: raises, async: async, queue: queue)
        before_update { @room_was ||= local_in_database(self) }
        after_rollback { @room_was = nil }
        after_commit :reflect_on_room
      end

      def inherited(subclass)
        super
        subclass.instance_variable_set(:@room_settings, room_settings)
      end
    end

    # Updates the server after a commit: creates the group's room, and destroys the room
    # that the group had under another name. Runs after every commit.
    def reflect_on_room
      former = @room_was
      @room_was = nil
      reflecting(self.class.room_settings) do
        current = room_name
        gone = destroyed? ? [former, current].compact.uniq : [former].compact - [current]
        next if gone.empty? && !previously_new_record?

        settings = self.class.room_settings
        next RoomJob.set(**{ queue: settings.queue }.compact).perform_later(self.class.name, destroyed? ? nil : current, gone) if settings.async

        show_room(destroyed? ? nil : current, gone)
      end
    end

    # Creates the room current, unless it is nil, and destroys the rooms gone.
    def show_room(current, gone)
      settings = self.class.room_settings
      reflect(settings, "createPersistentRoom", roomName: current, domain: settings.domain) if current
      gone.each { |name| reflect(settings, "destroyRoom", roomName: name, domain: settings.domain) unless name.empty? }
    end

    # Creates the group's room.
    def create_room
      reflect(self.class.room_settings, "createPersistentRoom", roomName: room_name, domain: self.class.room_settings.domain)
    end

    # Destroys the group's room.
    def destroy_room
      reflect(self.class.room_settings, "destroyRoom", roomName: room_name, domain: self.class.room_settings.domain)
    end

    private

    # The room's name, made from the group's slug, or without one from its name
    # (Emanagement.slug). A server cannot rename a room: a renamed group gets a new one.
    def room_name
      local_of(self)
    end
  end
end
