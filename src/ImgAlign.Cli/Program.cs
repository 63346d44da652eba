using ImgAlign.Cli;

StandardStreams.Prepare();
using var stop = new StopSignal();
return await CommandLineProgram.RunAsync(args, Console.Out, Console.Error, stop.Token);
