using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Tests.Training.Parallel;

public class LaunchEnvironmentTests
{
    private static readonly Dictionary<string, string> Launched = new()
    {
        ["RANK"] = "5",
        ["WORLD_SIZE"] = "8",
        ["LOCAL_RANK"] = "1",
        ["MASTER_ADDR"] = "node-0",
        ["MASTER_PORT"] = "29500",
    };

    [Fact]
    public void The_variables_of_torchrun_are_read() =>
        Assert.Equal(new LaunchEnvironment(5, 8, 1, "node-0", 29500), LaunchEnvironment.Read(Launched.GetValueOrDefault));

    [Fact]
    public void The_port_of_the_store_of_torchrun_itself_is_left_to_it() =>
        Assert.Equal(29501, LaunchEnvironment.Read(With("TORCHELASTIC_USE_AGENT_STORE", "True"))!.Port);

    [Fact]
    public void Without_them_there_is_no_launcher()
    {
        Assert.Null(LaunchEnvironment.Read(static _ => null));
        Assert.False(LaunchEnvironment.IsOfMpi(static _ => null));
        Assert.True(LaunchEnvironment.IsOfMpi(static name => name == "OMPI_COMM_WORLD_SIZE" ? "2" : null));
        Assert.Equal(1, ProcessGroup.Join(torch.CPU).Size);
        Assert.Equal("cuda", ProcessGroup.LocalDevice("cuda"));
    }

    [Theory]
    [InlineData("MASTER_ADDR", null, "MASTER_ADDR is not")]
    [InlineData("RANK", null, "RANK is not")]
    [InlineData("WORLD_SIZE", null, "WORLD_SIZE is not")]
    [InlineData("LOCAL_RANK", "", "LOCAL_RANK is not")]
    [InlineData("RANK", "8", "RANK is '8', which is no number from 0 to 7")]
    [InlineData("RANK", "-1", "RANK is '-1'")]
    [InlineData("WORLD_SIZE", "many", "WORLD_SIZE is 'many'")]
    [InlineData("MASTER_PORT", "65536", "MASTER_PORT is '65536'")]
    public void What_is_wrong_with_them_is_said(string name, string? value, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<ImgAlignException>(() => LaunchEnvironment.Read(With(name, value))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("PMI_SIZE")]
    [InlineData("SLURM_NTASKS")]
    public void Several_processes_of_a_launcher_that_is_not_known_do_not_train_alone(string name)
    {
        LaunchEnvironment.RequireAlone(asked => asked == name ? "1" : null);
        Assert.StartsWith(
            $"{name} says that 2 processes",
            Assert.Throws<ImgAlignException>(() => LaunchEnvironment.RequireAlone(asked => asked == name ? "2" : null)).Message,
            StringComparison.Ordinal
        );
    }

    private static Func<string, string?> With(string name, string? value) =>
        asked => asked == name ? value : Launched.GetValueOrDefault(asked);
}
