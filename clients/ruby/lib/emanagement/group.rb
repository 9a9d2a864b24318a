# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are groups of users: each has a persistent room on
  # the server while it exists. To be included, and set up by has_room.
  module Group
    include Reflection

    def self.included(model)
      model.extend(ClassMethods)
    end

    # What the model's class gets.
    module ClassMethods
      attr_reader :room_settings

      # Has a room be created and destroyed with each group, once that is
      # committed: at the service conference. and the domain. raises as in
      # Tie.
      def has_room(domain:, client: nil, raises: false)
        @room_settings = Reflection::Settings.new(domain: domain, client: client, raises: raises)
        after_create_commit { create_room }
        after_update_commit { rename_room }
        after_destroy_commit { destroy_room }
      end

      def inherited(subclass)
        super
        subclass.instance_variable_set(:@room_settings, room_settings)
      end
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

    # The room's name: the group's slug, or its name as Emanagement.slug makes
    # one.
    def room_name
      slug_of(self)
    end

    # A server cannot rename a room: the group gets another one.
    def rename_room
      before = attribute_before(respond_to?(:slug) ? :slug : :name)
      before &&= respond_to?(:slug) ? before : Emanagement.slug(before)
      return if before.nil? || before == room_name

      settings = self.class.room_settings
      create_room
      reflect(settings, "destroyRoom", roomName: before, domain: settings.domain)
    end
  end
end
