# frozen_string_literal: true

require "logger"
require "rails"
require "rails/generators"
require "active_job"
require "helper"
require "emanagement/railtie"
require "emanagement/testing"
require "application"
require "generators/emanagement/install/install_generator"
require "tmpdir"
require "yaml"

# The library's parts for Rails applications.
class RailsTest < Minitest::Test
  include ActiveJob::TestHelper

  # Ties and groups whose rosters and rooms are updated by jobs.
  class SlowTie < ActiveRecord::Base
    include Emanagement::Tie

    self.table_name = "ties"
    belongs_to :sender, class_name: "User"
    belongs_to :receiver, class_name: "User"
    reflects_on_rosters domain: "localhost", group: "Site", async: true, queue: :rosters
  end

  class SlowClub < ActiveRecord::Base
    include Emanagement::Group

    self.table_name = "clubs"
    has_room domain: "localhost", async: true
  end

  def before_setup
    ActiveJob::Base.logger = Logger.new(nil)
    super
    Application.empty
    Emanagement.client = @client = Emanagement::TestClient.new
    @client.answer("getRoster", Emanagement::Result.new(shape: :refusal, outcome: "Roster not found"))
  end

  def after_teardown
    super
    Emanagement.client = nil
  end

  def verbs
    @client.calls.map(&:verb)
  ensure
    @client.clear
  end

  def test_jobs_reflect
    ana, ben = %w[ana ben].map { |name| User.create!(slug: name, name: name) }
    tie = SlowTie.create!(sender: ana, receiver: ben)
    assert_empty verbs
    assert_enqueued_jobs 1, only: Emanagement::RosterJob, queue: :rosters
    perform_enqueued_jobs
    assert_equal %w[getRoster addBuddyToRoster], verbs
    tie.destroy!
    ben.delete
    perform_enqueued_jobs
    assert_equal %w[removeBuddyFromRoster removeBuddyFromRoster], verbs
  end

  def test_jobs_are_tried_again
    ana, ben = %w[ana ben].map { |name| User.create!(slug: name, name: name) }
    @client.answer("getRoster", Emanagement::AwayError.new("away"))
    SlowTie.create!(sender: ana, receiver: ben)
    job = enqueued_jobs.first
    perform_enqueued_jobs(only: Emanagement::RosterJob)
    assert_operator verbs.size, :>=, 1
    refute_nil job
  end

  def test_rooms_by_jobs
    club = SlowClub.create!(name: "Club")
    club.update!(slug: "other")
    perform_enqueued_jobs
    assert_equal %w[createPersistentRoom createPersistentRoom destroyRoom], verbs
  end

  def test_generator
    %w[control user component].each do |transport|
      Dir.mktmpdir do |dir|
        Emanagement::Generators::InstallGenerator.start(["--transport=#{transport}", "--quiet"], destination_root: dir)
        written = YAML.load(ERB.new(File.read("#{dir}/config/emanagement.yml")).result, aliases: true)
        assert_equal transport, written.dig("production", "transport")
      end
    end
  end

  def test_railtie_makes_a_client
    client = Emanagement::Railtie.client({ transport: "control", path: "/tmp/none.sock", timeout: 1 })
    assert_raises(Emanagement::AwayError) { client.call("listJobs") }
    assert_raises(ArgumentError) { Emanagement::Railtie.client({ transport: "pigeon" }) }
    client = Emanagement::Railtie.client({ transport: "user", jid: "a@localhost", password: "x", to: "e.localhost" })
    assert_kind_of Emanagement::Client, client
  end
end
